// A bridge as a competent developer writes it for one provider and one company: Fastify and SQLite, durable, one transaction a
// webhook. It knows whose extension is called and whether the caller is a client, and keeps the call and the event.
import Fastify from 'fastify';
import { DatabaseSync } from 'node:sqlite';

const { DATABASE, PORT } = process.env;

const database = new DatabaseSync(DATABASE);
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE operator (extension TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
  CREATE TABLE client (phone TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
  CREATE TABLE call (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    caller TEXT NOT NULL,
    called TEXT NOT NULL,
    operator TEXT,
    client TEXT,
    changed_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE event (id INTEGER PRIMARY KEY, call TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  INSERT INTO operator VALUES ('101', 'Operator');
`);
const operatorOf = database.prepare('SELECT name FROM operator WHERE extension = ?');
const clientOf = database.prepare('SELECT name FROM client WHERE phone = ?');
const putCall = database.prepare(`
  INSERT INTO call VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`);
const putEvent = database.prepare('INSERT INTO event (call, body, at) VALUES (?, ?, ?)');

const STATES = { NOTIFY_START: 'ringing', NOTIFY_ANSWER: 'talking', NOTIFY_END: 'ended' };

function take(notice) {
  const caller = notice.caller_id.replace(/[^0-9+]/g, '');
  const now = Date.now();
  database.exec('BEGIN IMMEDIATE');
  try {
    const operator = operatorOf.get(notice.internal)?.name ?? null;
    const client = clientOf.get(caller)?.name ?? null;
    putCall.run(notice.pbx_call_id, STATES[notice.event], caller, notice.called_did, operator, client, now);
    putEvent.run(notice.pbx_call_id, JSON.stringify(notice), now);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

const bridge = Fastify();
bridge.post('/hook', (request, reply) => {
  take(request.body);
  reply.send({});
});
await bridge.listen({ host: '127.0.0.1', port: Number(PORT) });
