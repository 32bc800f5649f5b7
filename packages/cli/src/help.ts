// The words of the help. What each option does is read in its command.

/** What `readSize` takes. */
const sizes = 'A SIZE is in bytes; K, M, G and T multiply by 1024 each, so that 16M, 16MB and 16MiB are the same.'

export const programHelp: string = `
wirestream: talk to a WebSocket from a terminal

Usage
  wirestream connect URL [options]    send lines of standard input as messages, print what comes
  wirestream serve --echo [options]   serve an echo
  wirestream COMMAND --help           what a command can do
  wirestream --version

Examples
  wirestream serve --echo --port 8080
  wirestream connect ws://127.0.0.1:8080
  echo hello | wirestream connect wss://example.com/chat
`.trimStart()

export const connectHelp: string = `
wirestream connect URL: send lines of standard input as text messages, print what comes

Standard input must be UTF-8, unless --binary sends it as it is; it ends before a line that is not. A text message is printed as
a line, a binary one as a line with its length and first bytes. How the connection ended goes to standard error. Lines and
messages may be of any length. After the end of standard input, what still comes is printed until the peer has been silent for a
while, pings aside; then the connection is closed.
Ctrl-C closes it earlier, and waits for the peer's goodbye; Ctrl-C again ends at once.

Options
  --binary                  send all of standard input as one binary message
  --header 'Name: value'    send a header field with the upgrade request; may be repeated
  --protocol NAME           offer a subprotocol; may be repeated, the most preferred first
  --origin ORIGIN           say which origin this is, such as https://example.com, or null
  --ca FILE                 trust the certificates in this PEM file instead of the usual ones
  --insecure                take any certificate: nobody knows then who the peer is
  --max-message-size SIZE   end the connection with 1009 at a longer message, such as 16MiB; no limit unless told
  --timeout SECONDS         how long connecting may take; 10 unless told
  --linger SECONDS          how long to wait for more after the end of standard input; 1 unless told

${sizes}

Exit code
  0 closed, by either side; 1 not connected, or the connection broke, or standard input was not UTF-8 or a directory;
  2 wrong arguments; 130 interrupted (Ctrl-C, SIGINT); 143 terminated (SIGTERM)

Examples
  wirestream connect ws://127.0.0.1:8080
  wirestream connect wss://example.com --header 'Authorization: Bearer TOKEN' --protocol chat
  wirestream connect wss://localhost:8443 --ca ca.pem < questions.txt > answers.txt
  wirestream connect ws://127.0.0.1:8080 --binary < photo.jpg
`.trimStart()

export const serveHelp: string = `
wirestream serve --echo: send every message back as it came

The first line on standard output is the server's URL. It runs until SIGINT (Ctrl-C) or SIGTERM, says goodbye to all
connections with 1001, and exits with 0; Ctrl-C again ends at once. Messages may be of any size: large ones flow back as they
come.

Options
  --echo                    what to serve
  --host NAME               where to listen; 127.0.0.1 unless told, 0.0.0.0 for every network
  --port NUMBER             0, the default, takes any port that is free
  --protocol NAME           speak a subprotocol, if the client offers it; may be repeated
  --origin ORIGIN           let pages from this origin in, or \`all\`; may be repeated. Only the server's own unless told
  --max-message-size SIZE   end a connection with 1009 at a longer message, such as 16MiB; no limit unless told

${sizes}

Exit code
  0 stopped; 1 could not listen, as when the port is taken; 2 wrong arguments

Examples
  wirestream serve --echo
  wirestream serve --echo --port 8080 --origin http://localhost:3000
`.trimStart()
