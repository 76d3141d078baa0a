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

/** `demo.json` in a demo's data folder. */
interface Kept {
  passwords: Record<Login, string>;
  /** An administrator's API token. */
  token: string;
  api_key: string;
  webhook_secret: string;
  pbx_url: string;
}

/** The real server with its demo PBX, on ports and data of its own. */
export class Server {
  /** Where it is, `http://127.0.0.1:…`; stays the same when it is started again. */
  url = '';
  /** The page that makes the first administrator. */
  setUpUrl = '';
  #kept: Kept | undefined;
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
    return new Pbx(this.#demo.pbx_url);
  }

  /** What a module's settings need for the demo PBX. */
  get pbxSettings(): { pbxUrl: string; apiKey: string; webhookSecret: string } {
    const { pbx_url, api_key, webhook_secret } = this.#demo;
    return { pbxUrl: pbx_url, apiKey: api_key, webhookSecret: webhook_secret };
  }

  /** The password of somebody whom the demo made. */
  passwordOf(login: Login): string {
    return this.#demo.passwords[login];
  }

  get #demo(): Kept {
    if (!this.#kept) throw new Error('the server runs without a demo');
    return this.#kept;
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
    const headers = { authorization: `Bearer ${this.#demo.token}`, 'content-type': 'application/json' };
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
    if (this.kind === 'demo') {
      this.#kept = JSON.parse(await readFile(join(this.folder, 'data/demo.json'), 'utf8')) as Kept;
    }
  }

  /** What the server prints for a person at the terminal. */
  #note(line: string): void {
    this.url = /^listening on (\S+)/.exec(line)?.[1] ?? this.url;
    this.setUpUrl = /(\S+\/setup#code=\S+)/.exec(line)?.[1] ?? this.setUpUrl;
  }
}
