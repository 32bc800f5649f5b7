// What we use of Deno, for the compiler that builds the published form; Deno itself checks the sources against the whole of it
// (`deno check`), and never reads this file. No more than we use, so that what is used can be seen.

declare namespace Deno {
  interface NetAddr {
    hostname: string
    port: number
  }
  interface UnixAddr {
    path: string
  }
  type Addr = NetAddr | UnixAddr

  interface Conn<A extends Addr = Addr> {
    read(p: Uint8Array): Promise<number | null>
    write(p: Uint8Array): Promise<number>
    close(): void
    closeWrite(): Promise<void>
    readonly localAddr: A
    readonly remoteAddr: A
  }
  interface TcpConn extends Conn<NetAddr> {
    setNoDelay(noDelay?: boolean): void
  }
  interface TlsConn extends Conn<NetAddr> {
    handshake(): Promise<{ alpnProtocol: string | null }>
  }
  interface Listener<T extends Conn = Conn, A extends Addr = Addr> {
    accept(): Promise<T>
    close(): void
    readonly addr: A
  }

  interface Tls {
    hostname?: string
    caCerts?: string[]
    alpnProtocols?: string[]
  }
  interface KeyPair {
    cert: string
    key: string
  }
  function connect(options: { hostname: string; port: number; signal?: AbortSignal }): Promise<TcpConn>
  function connect(options: { transport: 'unix'; path: string }): Promise<Conn<UnixAddr>>
  function connectTls(options: { port: number } & Tls & KeyPair): Promise<TlsConn>
  function startTls(conn: TcpConn, options?: Tls): Promise<TlsConn>
  function listen(options: { hostname: string; port: number }): Listener<TcpConn, NetAddr>
  function listen(options: { transport: 'unix'; path: string }): Listener<Conn<UnixAddr>, UnixAddr>
  function listenTls(
    options: { port: number; hostname: string; alpnProtocols?: string[] } & KeyPair,
  ): Listener<TlsConn, NetAddr>

  function unrefTimer(id: number): void
  const version: { deno: string }
  namespace errors {
    class BadResource extends Error {}
    class ConnectionAborted extends Error {}
    class ConnectionReset extends Error {}
    class NotConnected extends Error {}
    class UnexpectedEof extends Error {}
  }
}

declare function setImmediate(callback: () => void): unknown
