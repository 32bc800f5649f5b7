// What the programs under measurement use of Deno and Bun, for the compiler.

declare namespace Deno {
  interface Conn {
    read(buffer: Uint8Array): Promise<number | null>
    write(bytes: Uint8Array): Promise<number>
    setNoDelay(on: boolean): void
    close(): void
  }
  interface WebSocketUpgrade {
    socket: {
      binaryType: string
      onopen: () => void
      onclose: () => void
      onerror: () => void
      onmessage: (event: { data: string | ArrayBuffer }) => void
      send(message: string | ArrayBuffer): void
    }
    response: Response
  }
  function listen(options: { hostname: string; port: number }): { accept(): Promise<Conn>; addr: { port: number } }
  function serve(
    options: { hostname: string; port: number; onListen(): void },
    handle: (request: Request) => Response,
  ): { addr: { port: number } }
  function upgradeWebSocket(request: Request, options: { idleTimeout: number }): WebSocketUpgrade
}

declare namespace Bun {
  interface Socket {
    write(bytes: Uint8Array): number
    end(): void
  }
  interface SocketHandler {
    open?(socket: Socket): void
    data?(socket: Socket, chunk: Uint8Array): void
    drain?(socket: Socket): void
    end?(socket: Socket): void
    close?(socket: Socket): void
    error?(socket: Socket): void
  }
  interface WebSocket {
    send(message: string | Uint8Array): number
    subscribe(topic: string): void
  }
  interface Server {
    port: number
    upgrade(request: Request): boolean
    publish(topic: string, message: string | Uint8Array): number
  }
  function gc(force: boolean): void
  function listen(options: {
    hostname: string
    port: number
    allowHalfOpen: boolean
    socket: SocketHandler
  }): { port: number }
  function serve(options: {
    hostname: string
    port: number
    fetch(request: Request, server: Server): Response | undefined
    websocket: { open(socket: WebSocket): void; message(socket: WebSocket, message: string | Uint8Array): void }
  }): Server
}
