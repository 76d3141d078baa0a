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

/** Who a demo server has. */
export type Login = 'admin' | 'reception' | 'sales';

/** The real server with its demo PBX, on ports and data of its own. */
export class Server {
  /** Where it is, `http://127.0.0.1:…`; stays the same when it is started again. */
  url = '';
  /** The page that makes the first administrator. */
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

  /** Starts a new one: with the demo, or as somebody finds it who installs it. */
  static async start(kind: 'demo' | 'empty' = 'demo'): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'hookswitch-e2e-')), kind);
    await server.#run('127.0.0.1:0');
    return server;
  }

  /** The demo PBX. It has a new port, and no calls, after a restart. */
  get pbx(): Pbx {
    return new Pbx(this.#pbx);
  }

  /** What a module's settings need for the demo PBX. */
  async pbxSettings(): Promise<{ pbxUrl: string; apiKey: string; webhookSecret: string }> {
    const kept = JSON.parse(await readFile(join(this.folder, 'data/demo.json'), 'utf8')) as Record<string, string>;
    return { pbxUrl: this.#pbx, apiKey: kept.api_key ?? '', webhookSecret: kept.webhook_secret ?? '' };
  }

  /** Starts it again where it was, with the data it had. */
  async startAgain(): Promise<void> {
    await this.#run(new URL(this.url).host);
  }

  /** Stops it in an orderly way. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, 'exit');
    process.kill('SIGTERM');
    await ended;
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true });
  }

  /** Asks the API as the administrator; anything but a success is an error. */
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
      // Stories have fakes of providers' APIs on loopback.
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
      // Read to the end: a full pipe would stop the server.
      createInterface(started.stdout).on('line', (line) => {
        this.#note(line);
        if (!line.startsWith('listening on ')) return;
        clearTimeout(patience);
        ready();
      });
    });
  }

  /** What the server prints for a person at the terminal. */
  #note(line: string): void {
    this.url = /^listening on (\S+)/.exec(line)?.[1] ?? this.url;
    this.#pbx = /^The demo PBX runs at (\S+)/.exec(line)?.[1] ?? this.#pbx;
    this.setUpUrl = /(\S+\/setup#code=\S+)/.exec(line)?.[1] ?? this.setUpUrl;
    this.token = /Bearer ([^']+)'/.exec(line)?.[1] ?? this.token;
    const [, login, password] = /^ {2}(\w+) +(\w{16})\b/.exec(line) ?? [];
    if (login && password) this.passwords.set(login, password);
  }
}
