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

/** `demo.json` in a demo's data folder. */
interface Kept {
  passwords: Record<Login, string>;
  /** An administrator's API token. */
  token: string;
  api_key: string;
  webhook_secret: string;
  pbx_url: string;
}

/** A real server with its demo PBX and its own ports and data. */
export class Server {
  /** Its URL, `http://127.0.0.1:…`; unchanged after a restart. */
  url = '';
  /** The page for creating the first administrator. */
  setUpUrl = '';
  #kept: Kept | undefined;
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
    return new Pbx(this.#demo.pbx_url);
  }

  /** The module settings for the demo PBX. */
  get pbxSettings(): { pbxUrl: string; apiKey: string; webhookSecret: string } {
    const { pbx_url, api_key, webhook_secret } = this.#demo;
    return { pbxUrl: pbx_url, apiKey: api_key, webhookSecret: webhook_secret };
  }

  /** A demo user's password. */
  passwordOf(login: Login): string {
    return this.#demo.passwords[login];
  }

  get #demo(): Kept {
    if (!this.#kept) throw new Error('the server runs without a demo');
    return this.#kept;
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
    if (this.kind === 'demo') {
      this.#kept = JSON.parse(await readFile(join(this.folder, 'data/demo.json'), 'utf8')) as Kept;
    }
  }

  /** Parses what the server prints in the terminal. */
  #note(line: string): void {
    this.url = /^listening on (\S+)/.exec(line)?.[1] ?? this.url;
    this.setUpUrl = /(\S+\/setup#code=\S+)/.exec(line)?.[1] ?? this.setUpUrl;
  }
}
