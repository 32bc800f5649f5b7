// gorilla/websocket as a client: client URL CLOSER
package main

import (
	"fmt"
	"os"
	"time"

	"../shared"
	"github.com/gorilla/websocket"
)

func send(conn *websocket.Conn, kind int, data []byte) {
	writer, err := conn.NextWriter(kind)
	shared.Must(err)
	for _, part := range shared.Fragments(data) {
		_, err = writer.Write(part)
		shared.Must(err)
	}
	shared.Must(writer.Close())
}

func main() {
	dialer := websocket.Dialer{WriteBufferSize: shared.Fragment}
	conn, _, err := dialer.Dial(os.Args[1], nil)
	shared.Must(err)
	for _, step := range shared.Steps() {
		kind := websocket.BinaryMessage
		if step.Text {
			kind = websocket.TextMessage
		}
		send(conn, kind, step.Data)
		kind, answer, err := conn.ReadMessage()
		shared.Check(step, kind == websocket.TextMessage, answer, err)
	}
	ended := make(chan error, 1)
	ponged := make(chan bool, 1)
	conn.SetPongHandler(func(data string) error { ponged <- data == shared.Ping; return nil })
	go func() {
		_, _, err := conn.ReadMessage()
		ended <- err
	}()
	deadline := time.Now().Add(10 * time.Second)
	shared.Must(conn.WriteControl(websocket.PingMessage, []byte(shared.Ping), deadline))
	if <-ponged {
		fmt.Println("ok ping")
	}
	if os.Args[2] == "client" {
		message := websocket.FormatCloseMessage(shared.ClientCloseCode, shared.ClientReason)
		shared.Must(conn.WriteControl(websocket.CloseMessage, message, deadline))
	} else {
		send(conn, websocket.TextMessage, []byte(shared.CloseRequest))
	}
	if end, ok := (<-ended).(*websocket.CloseError); ok {
		fmt.Println("closed", end.Code, end.Text)
	}
	conn.Close()
}
