import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Pbx } from './pbx.ts';

const PROGRAM = resolve(process.env.HOOKSWITCH ?? join(import.meta.dirname, '../../target/debug/hookswitch'));
/** A debug build on a busy machine needs a few seconds. */
const START_PATIENCE = 30_000;

/** The users of a demo server. */
export type Login = 'admin' | 'reception' | 'sales';

/** A real server with its demo PBX and its own ports and data. */
export class Server {
  /** Its URL, `http://127.0.0.1:…`; unchanged after a restart. */
  url = '';
  /** The page for creating the first administrator. */
  setUpUrl = '';
  /** An administrator's API token. */
  token = '';
  readonly passwords = new Map<string, string>();
  #pbx = '';
  #process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly kind: 'demo' | 'empty',
  ) {}

  /** Starts a new server: with the demo, or empty as after installation. */
  static async start(kind: 'demo' | 'empty' = 'demo'): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'hookswitch-e2e-')), kind);
    await server.#run('127.0.0.1:0');
    return server;
  }

  /** The demo PBX. After a restart it has a new port and no calls. */
  get pbx(): Pbx {
    return new Pbx(this.#pbx);
  }

  /** The module settings for the demo PBX. */
  async pbxSettings(): Promise<{ pbxUrl: string; apiKey: string; webhookSecret: string }> {
    const kept = JSON.parse(await readFile(join(this.folder, 'data/demo.json'), 'utf8')) as Record<string, string>;
    return { pbxUrl: this.#pbx, apiKey: kept.api_key ?? '', webhookSecret: kept.webhook_secret ?? '' };
  }

  /** Restarts the server at the same address with the same data. */
  async startAgain(): Promise<void> {
    await this.#run(new URL(this.url).host);
  }

  /** Stops the server gracefully. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, 'exit');
    process.kill('SIGTERM');
    await ended;
  }

  /** Stops the server and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true });
  }

  /** Calls the API as the administrator; throws unless it succeeds. */
  async api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async #run(listen: string): Promise<void> {
    const env = {
      PATH: process.env.PATH,
      HOOKSWITCH_LISTEN: listen,
      HOOKSWITCH_DATA_DIR: join(this.folder, 'data'),
      // Stories use fake provider APIs on loopback.
      HOOKSWITCH_FETCH_ALLOW: '127.0.0.1',
    };
    const started = spawn(PROGRAM, this.kind === 'demo' ? ['serve', '--demo'] : ['serve'], {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = started;
    let log = '';
    started.stderr.on('data', (text) => (log = (log + text).slice(-10_000)));
    await new Promise<void>((ready, failed) => {
      const fail = (why: string) => failed(new Error(`${PROGRAM} ${why}\n${log}`));
      const patience = setTimeout(() => fail('was not ready in time'), START_PATIENCE);
      started.on('error', (error) => fail(`cannot be started: ${error.message}`));
      started.on('exit', (code) => fail(`ended with ${code}`));
      // Keep reading: a full pipe would block the server.
      createInterface(started.stdout).on('line', (line) => {
        this.#note(line);
        if (!line.startsWith('listening on ')) return;
        clearTimeout(patience);
        ready();
      });
    });
  }

  /** Parses what the server prints in the terminal. */
  #note(line: string): void {
    this.url = /^listening on (\S+)/.exec(line)?.[1] ?? this.url;
    this.#pbx = /^The demo PBX runs at (\S+)/.exec(line)?.[1] ?? this.#pbx;
    this.setUpUrl = /(\S+\/setup#code=\S+)/.exec(line)?.[1] ?? this.setUpUrl;
    this.token = /Bearer ([^']+)'/.exec(line)?.[1] ?? this.token;
    const [, login, password] = /^ {2}(\w+) +(\w{16})\b/.exec(line) ?? [];
    if (login && password) this.passwords.set(login, password);
  }
}
