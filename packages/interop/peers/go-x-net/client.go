// golang.org/x/net/websocket as a client: client URL CLOSER. It sends no fragments and no pings, and a Close
// without a reason; it tells of none of what it gets.
package main

import (
	"fmt"
	"os"

	"../shared"
	"golang.org/x/net/websocket"
)

func main() {
	conn, err := websocket.Dial(os.Args[1], "", "http://127.0.0.1/")
	shared.Must(err)
	conn.MaxPayloadBytes = 10000000
	for _, step := range shared.Steps() {
		if step.Text {
			var text string
			shared.Must(websocket.Message.Send(conn, string(step.Data)))
			err = websocket.Message.Receive(conn, &text)
			shared.Check(step, true, []byte(text), err)
		} else {
			var data []byte
			shared.Must(websocket.Message.Send(conn, step.Data))
			err = websocket.Message.Receive(conn, &data)
			shared.Check(step, false, data, err)
		}
	}
	fmt.Println("none ping: sends none")
	fmt.Println("none closed: it tells of no code")
	fmt.Println("none reason: it sends none")
	if os.Args[2] == "client" {
		conn.WriteClose(shared.ClientCloseCode)
	} else {
		shared.Must(websocket.Message.Send(conn, shared.CloseRequest))
	}
	var text string
	if websocket.Message.Receive(conn, &text) == nil {
		fmt.Println("fail got another message")
	}
	conn.Close()
}
