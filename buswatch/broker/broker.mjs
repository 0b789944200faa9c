// The embedded MQTT broker: Aedes on the loopback, sessions in memory, for the demo and the tests.
// Arguments: the port, 0 for any free one. Prints the port as its first line, and ends with its
// standard input, so that it cannot outlive the process that started it.
import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const aedes = await Aedes.createBroker({ maxClientsIdLength: 64, concurrency: 2000 })
const server = createServer(aedes.handle)
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('end', () => process.exit(0)).resume()
process.on('SIGTERM', () => process.exit(0))
