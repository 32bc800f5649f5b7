// nhooyr.io/websocket as a client: client URL CLOSER
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"../shared"
	"nhooyr.io/websocket"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, os.Args[1], nil)
	shared.Must(err)
	conn.SetReadLimit(10000000)
	for _, step := range shared.Steps() {
		kind := websocket.MessageBinary
		if step.Text {
			kind = websocket.MessageText
		}
		writer, err := conn.Writer(ctx, kind)
		shared.Must(err)
		for _, part := range shared.Fragments(step.Data) {
			_, err = writer.Write(part)
			shared.Must(err)
		}
		shared.Must(writer.Close())
		kind, answer, err := conn.Read(ctx)
		shared.Check(step, kind == websocket.MessageText, answer, err)
	}
	ended := make(chan error, 1)
	if os.Args[2] == "client" {
		// Its Close reads the answer itself; until then somebody must read, for the pong.
		reading, stop := context.WithCancel(ctx)
		defer stop()
		conn.CloseRead(reading)
		shared.Must(conn.Ping(ctx))
		fmt.Println("ok ping")
		if err := conn.Close(shared.ClientCloseCode, shared.ClientReason); err != nil {
			fmt.Println("fail", err)
		}
		fmt.Println("closed", shared.ClientCloseCode, shared.ClientReason)
		return
	}
	go func() {
		_, _, err := conn.Read(ctx)
		ended <- err
	}()
	shared.Must(conn.Ping(ctx))
	fmt.Println("ok ping")
	shared.Must(conn.Write(ctx, websocket.MessageText, []byte(shared.CloseRequest)))
	var end websocket.CloseError
	if errors.As(<-ended, &end) {
		fmt.Println("closed", int(end.Code), end.Reason)
	}
}
