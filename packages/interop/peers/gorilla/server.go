// gorilla/websocket as a server.
package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"../shared"
	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{
	WriteBufferSize: shared.Fragment,
	CheckOrigin:     func(*http.Request) bool { return true },
}

func echo(response http.ResponseWriter, request *http.Request) {
	conn, err := upgrader.Upgrade(response, request, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	deadline := time.Now().Add(10 * time.Second)
	conn.SetPongHandler(func(string) error { fmt.Println("pong"); return nil })
	conn.WriteControl(websocket.PingMessage, []byte(shared.Ping), deadline)
	for {
		kind, data, err := conn.ReadMessage()
		if end, ok := err.(*websocket.CloseError); ok {
			fmt.Println("closed", end.Code, end.Text)
			return
		}
		if err != nil {
			fmt.Println("fail", err)
			return
		}
		if string(data) == shared.CloseRequest {
			message := websocket.FormatCloseMessage(shared.ServerCloseCode, shared.ServerReason)
			conn.WriteControl(websocket.CloseMessage, message, deadline)
			continue
		}
		writer, _ := conn.NextWriter(kind)
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
