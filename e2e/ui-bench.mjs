// The browser part of `cargo xtask bench ui`: measures the time from a webhook to its painted call card, and the first load.
// Environment: the server's URL, the webhook's path with its token, and the credentials of an operator with extension 1000.

import { chromium } from '@playwright/test';
import { launchOptions } from './support/chromium.mjs';

const { BENCH_URL: url = '', BENCH_WEBHOOK: webhook = '', BENCH_LOGIN: login, BENCH_PASSWORD: password } = process.env;
const CALLS = 200;
/** How long to collect layout shifts and largest contentful paints. */
const SETTLED_MILLISECONDS = 3000;

const browser = await chromium.launch(launchOptions);
try {
  await firstLoad();
  await cards();
} finally {
  await browser.close();
}

async function firstLoad() {
  const page = await signedIn();
  /** @type {Set<string>} */
  const scripts = new Set();
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.endsWith('.js')) scripts.add(pathname);
  });
  await page.addInitScript(() => {
    const figures = { lcp: 0, cls: 0 };
    Object.assign(window, { figures });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) figures.lcp = entry.startTime;
    }).observe({ type: 'largest-contentful-paint', buffered: true });
    new PerformanceObserver((list) => {
      // TypeScript has no types for layout shifts yet.
      for (const shift of /** @type {any[]} */ (list.getEntries()))
        if (!shift.hadRecentInput) figures.cls += shift.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto('/calls');
  await page.waitForTimeout(SETTLED_MILLISECONDS);
  const { lcp, cls } = await page.evaluate(() => /** @type {any} */ (window).figures);
  line('first load of /calls: LCP', `${lcp.toFixed(0)} ms`);
  line('  CLS', cls.toFixed(4));
  const sizes = await Promise.all(['gzip', 'br'].map((coding) => totalSize([...scripts], coding)));
  line(
    `  JavaScript, ${scripts.size} files (gzip wanted: 200 kB)`,
    sizes.map((bytes, at) => `${['gzip', 'brotli'][at]} ${(bytes / 1000).toFixed(1)} kB`).join('   '),
  );
  await page.context().close();
}

/**
 * @param {string[]} paths
 * @param {string} coding
 */
async function totalSize(paths, coding) {
  let bytes = 0;
  for (const path of paths) {
    const response = await fetch(url + path, { method: 'HEAD', headers: { 'accept-encoding': coding } });
    bytes += Number(response.headers.get('content-length'));
  }
  return bytes;
}

async function cards() {
  const page = await signedIn();
  /** @type {(at: number) => void} */
  let painted = () => {};
  await page.exposeBinding('cardPainted', (_, at) => painted(at));
  await page.addInitScript(() => {
    /** @type {Set<string>} */
    const seen = new Set();
    // A task posted in an animation frame runs after that frame has been painted.
    const afterPaint = new MessageChannel();
    afterPaint.port1.onmessage = () => /** @type {any} */ (window).cardPainted(Date.now());
    new MutationObserver(() => {
      for (const card of document.querySelectorAll('[data-call-id]')) {
        const id = /** @type {HTMLElement} */ (card).dataset.callId ?? '';
        if (seen.has(id)) continue;
        seen.add(id);
        requestAnimationFrame(() => afterPaint.port2.postMessage(undefined));
      }
    }).observe(document, { childList: true, subtree: true });
  });
  const snapshot = page.waitForEvent('websocket').then((socket) => socket.waitForEvent('framereceived'));
  await page.goto('/calls');
  await snapshot;

  /** @type {number[]} */
  const latencies = [];
  for (let call = 1; call <= CALLS; call += 1) {
    /** @type {Promise<number>} */
    const paint = new Promise((resolve) => (painted = resolve));
    const sent = Date.now();
    await tell('start', call);
    latencies.push((await paint) - sent);
    await tell('end', call);
    await page.locator('[data-call-id][data-state="gone"]').getByRole('button', { name: 'Close' }).click();
    await page.locator('[data-call-id]').waitFor({ state: 'detached' });
  }
  latencies.sort((a, b) => a - b);
  /** @param {number} percent */
  const percentile = (percent) => latencies[Math.ceil((latencies.length * percent) / 100) - 1];
  line(
    `webhook to painted card, ${CALLS} calls`,
    `p50 ${percentile(50)} ms   p99 ${percentile(99)} ms   max ${percentile(100)} ms   (wanted: 60 and 150)`,
  );
  await page.context().close();
}

/**
 * @param {'start' | 'end'} event
 * @param {number} call
 */
async function tell(event, call) {
  const body = JSON.stringify({ event, id: `card ${call}`, from: `+1212${2_000_000 + call}`, to: '1000' });
  const response = await fetch(url + webhook, { method: 'POST', body });
  if (!response.ok) throw new Error(`the webhook was answered ${response.status}: ${await response.text()}`);
}

/** Opens a new browser context, so that nothing is cached. */
async function signedIn() {
  const context = await browser.newContext({ baseURL: url, locale: 'en-GB', viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const headers = { origin: url };
  const response = await page.request.post('/api/v1/session', { data: { login, password }, headers });
  if (!response.ok()) throw new Error(`${login} cannot sign in: ${response.status()}`);
  return page;
}

/**
 * @param {string} name
 * @param {string} value
 */
function line(name, value) {
  console.log(`${name.padEnd(44)} ${value}`);
}
