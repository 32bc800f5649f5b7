// golang.org/x/net/websocket as a server. It sends no pings, and tells of no code or reason.
package main

import (
	"fmt"
	"net"
	"net/http"

	"../shared"
	"golang.org/x/net/websocket"
)

// message keeps whether it was text, which the library's own codec does not tell.
var message = websocket.Codec{
	Marshal: func(v interface{}) ([]byte, byte, error) {
		step := v.(shared.Step)
		if step.Text {
			return step.Data, websocket.TextFrame, nil
		}
		return step.Data, websocket.BinaryFrame, nil
	},
	Unmarshal: func(data []byte, kind byte, v interface{}) error {
		*v.(*shared.Step) = shared.Step{Text: kind == websocket.TextFrame, Data: data}
		return nil
	},
}

func echo(conn *websocket.Conn) {
	conn.MaxPayloadBytes = 10000000
	for {
		var got shared.Step
		if message.Receive(conn, &got) != nil {
			break
		}
		if string(got.Data) == shared.CloseRequest {
			conn.WriteClose(shared.ServerCloseCode)
		} else {
			message.Send(conn, got)
		}
	}
	conn.Close()
	fmt.Println("none closed: it tells of no code")
	fmt.Println("none reason: it sends none")
	fmt.Println("closed")
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	shared.Must(err)
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, websocket.Server{Handler: echo})
}
