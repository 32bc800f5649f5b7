// What we use of Bun, for the compiler: its own types are no dependency of ours, and they name much more than we use.

declare namespace Bun {
  interface Socket {
    /** How many of the bytes the system has taken; negative where the socket is closed. */
    write(data: Uint8Array): number
    pause(): void
    resume(): void
    shutdown(): void
    end(): void
    /** Unlike `terminate()` it sends no reset, which would destroy what the peer has not read. */
    close(): void
    reload(options: { socket: SocketHandler }): void
    upgradeTLS(options: { tls: TlsOptions; socket: SocketHandler }): [raw: Socket, tls: Socket]
    readonly remoteAddress: string
    /** What TLS agreed on; null, or with a name of null, where it agreed on nothing. */
    getCipher(): { name: string | null } | null
  }

  interface SocketHandler {
    binaryType?: 'uint8array'
    open?(socket: Socket): void
    handshake?(socket: Socket, success: boolean, authorizationError: Error | null): void
    data?(socket: Socket, data: Uint8Array): void
    drain?(socket: Socket): void
    end?(socket: Socket): void
    close?(socket: Socket, error?: Error): void
    error?(socket: Socket, error: Error): void
  }

  interface TlsOptions {
    ca?: string | readonly string[] | undefined
    cert?: string | undefined
    key?: string | undefined
    passphrase?: string | undefined
    rejectUnauthorized?: boolean | undefined
    serverName?: string | undefined
    ALPNProtocols?: string | undefined
  }

  interface Listener {
    readonly hostname: string
    readonly port: number
    stop(closeActiveConnections?: boolean): void
  }

  interface Timer {
    unref(): void
  }

  interface SocketOptions {
    hostname?: string
    port?: number
    unix?: string
    tls?: TlsOptions
    allowHalfOpen: boolean
    socket: SocketHandler
  }
  function connect(options: SocketOptions): Promise<Socket>
  function listen(options: SocketOptions): Listener
  function allocUnsafe(length: number): Uint8Array
  const version: string
}

declare function setImmediate(callback: () => void): unknown
