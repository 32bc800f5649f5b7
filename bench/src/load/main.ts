// The load: a process of its own that drives one server at a time, and holds connections to several between the rounds.

import { answer } from '../answer.ts'
import { BroadcastClient, type BroadcastLoad } from './broadcast.ts'
import { EchoClient, type EchoLoad } from './echo.ts'
import { StreamClient, type StreamLoad } from './stream.ts'
import { UpgradeClient, type UpgradeLoad } from './upgrades.ts'

interface Client {
  run(how: { seconds: number }): Promise<number>
  close(): void
}

const clients = new Map<string, Client>()
const kinds = {
  echo: (load: EchoLoad) => EchoClient.open(load),
  broadcast: (load: BroadcastLoad) => BroadcastClient.open(load),
  upgrades: (load: UpgradeLoad) => new UpgradeClient(load),
  stream: (load: StreamLoad) => new StreamClient(load),
}

answer({
  async open({ name, kind, load }: { name: string; kind: keyof typeof kinds; load: never }) {
    clients.set(name, await kinds[kind](load))
  },
  run: ({ name, seconds }: { name: string; seconds: number }) => clients.get(name)!.run({ seconds }),
  close({ name }: { name: string }) {
    clients.get(name)!.close()
    clients.delete(name)
  },
})
