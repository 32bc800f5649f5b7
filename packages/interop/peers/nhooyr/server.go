// nhooyr.io/websocket as a server.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"../shared"
	"nhooyr.io/websocket"
)

func echo(response http.ResponseWriter, request *http.Request) {
	conn, err := websocket.Accept(response, request, nil)
	if err != nil {
		return
	}
	conn.SetReadLimit(10000000)
	ctx := context.Background()
	go func() {
		if conn.Ping(ctx) == nil {
			fmt.Println("pong")
		}
	}()
	for {
		kind, data, err := conn.Read(ctx)
		var end websocket.CloseError
		if errors.As(err, &end) {
			fmt.Println("closed", int(end.Code), end.Reason)
			return
		}
		if err != nil {
			fmt.Println("fail", err)
			return
		}
		if string(data) == shared.CloseRequest {
			if err := conn.Close(shared.ServerCloseCode, shared.ServerReason); err != nil {
				fmt.Println("fail", err)
			}
			fmt.Println("closed", shared.ServerCloseCode, shared.ServerReason)
			return
		}
		writer, _ := conn.Writer(ctx, kind)
		for _, part := range shared.Fragments(data) {
			writer.Write(part)
		}
		writer.Close()
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	shared.Must(err)
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(echo))
}
