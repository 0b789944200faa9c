// The embedded MQTT broker: Aedes on the loopback, sessions in memory, for the demo and the tests.
// Arguments: the port, 0 for any free one. Prints the port as its first line, and ends with its
// standard input, so that it cannot outlive the process that started it.
import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const sessions = new Map()

const aedes = await Aedes.createBroker({ maxClientsIdLength: 64, concurrency: 2000, preConnect: countOn })
keepWhatWasNotAcknowledged(aedes.persistence)
const server = createServer(aedes.handle)
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('end', () => process.exit(0)).resume()
process.on('SIGTERM', () => process.exit(0))

// Aedes 1.2.0 numbers the messages of each connection from a random number on, while a session keeps the
// numbers of those that an earlier connection left unacknowledged. Where the two meet, the
// acknowledgement of one message drops another. So all connections of a session share one counter.
function countOn (client, packet, done) {
  const session = sessions.get(packet.clientId) ?? { nextId: 1 }
  sessions.set(packet.clientId, session)
  Object.defineProperty(client, '_nextId', {
    get: () => session.nextId,
    set: (id) => { session.nextId = id }
  })
  done(null, true)
}

// And a message that came while a session was taken up is sent twice: the second time it may have been
// acknowledged already, for which Aedes drops the connection; and a message that it takes for a duplicate
// has no number, by which Aedes drops any other that has none yet.
function keepWhatWasNotAcknowledged (persistence) {
  const { outgoingUpdate, outgoingClearMessageId } = persistence
  persistence.outgoingUpdate = (client, packet) =>
    outgoingUpdate.call(persistence, client, packet).catch(() => {})
  persistence.outgoingClearMessageId = async (client, packet) =>
    packet.messageId && outgoingClearMessageId.call(persistence, client, packet)
}
