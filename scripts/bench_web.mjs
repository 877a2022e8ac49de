// How fast the built lab page is for a reader: `npm run bench:web`. Cold cache, 10 Mbit/s with 40 ms, CPU slowed 4 times
// for the loading; unthrottled for edits. Prints each figure beside its limit, and fails where one is missed.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium as playwright } from 'playwright-core';
import { chromium } from './chromium.mjs';

const BYTES_PER_MS = 10_000_000 / 8 / 1000;
const LATENCY_MS = 40;
const SLOWDOWN = 4;
const LOADS = 5;
const EDITS = 40;
const LIMITS = { lcp: 1000, answer: 2000, javascript: 300, edit: 50 };

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.binpb': 'application/octet-stream',
};

/** One line for all: bytes leave it one after the other, as on a real connection. */
class Line {
  isSlow = true;
  #freeAt = 0;
  sent = [];

  pass() {
    const line = this;
    return new Transform({
      highWaterMark: 16_384,
      async transform(chunk, _, done) {
        if (line.isSlow) {
          const now = performance.now();
          line.#freeAt = Math.max(now, line.#freeAt) + chunk.length / BYTES_PER_MS;
          await sleep(line.#freeAt - now);
        }
        done(null, chunk);
      },
    });
  }
}

/** Chromium slows the page, not its workers: this makes each piece of the engine's work last as much longer. */
const SLOW_WORKER = `
const spin = (ms) => { const end = performance.now() + ${SLOWDOWN - 1} * ms; while (performance.now() < end); };
const { mark, measure } = Performance.prototype;
Performance.prototype.measure = function (name, { start }) { spin(this.now() - start); return measure.call(this, name, { start }); };
Performance.prototype.mark = function (name) {
  const code = this.getEntriesByType('resource').filter((one) => one.name.includes('/workers/chunks/'));
  if (code.length > 0) spin(this.now() - Math.max(...code.map((one) => one.responseEnd)));
  return mark.call(this, name);
};
`;

function serve(line) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
    const file = [path, `${path}.html`, `${path}index.html`]
      .map((one) => join('build', one))
      .find((one) => existsSync(one) && statSync(one).isFile());
    if (line.isSlow) await sleep(LATENCY_MS);
    if (!file) return void response.writeHead(404).end();
    const packed = existsSync(`${file}.br`) && !(line.isSlow && path.includes('/simulation.worker'));
    const size = statSync(packed ? `${file}.br` : file).size;
    line.sent.push({ path, size, at: performance.now() });
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cache-control': path.includes('/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(packed ? { 'content-encoding': 'br' } : {}),
    });
    if (line.isSlow && path.includes('/simulation.worker')) response.write(SLOW_WORKER);
    createReadStream(packed ? `${file}.br` : file)
      .pipe(line.pass())
      .pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const percentile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** What a first visit waits for. */
async function load(browser, address, line) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
  await page.addInitScript(() => {
    new PerformanceObserver((list) => (globalThis.lcp = list.getEntries().at(-1).startTime)).observe({
      type: 'largest-contentful-paint',
      buffered: true,
    });
  });
  line.sent = [];
  await page.goto(address);
  await page.waitForFunction(() => performance.getEntriesByName('first answer').length > 0);
  const found = await page.evaluate(() => ({
    lcp: globalThis.lcp,
    answer: performance.getEntriesByName('first answer')[0].startTime,
  }));
  const javascript = line.sent.filter((one) => one.path.endsWith('.js')).reduce((sum, one) => sum + one.size, 0) / 1000;
  await context.close();
  return { lcp: found.lcp, answer: found.answer, javascript };
}

async function edits(browser, address) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(address);
  await page.waitForFunction(() => performance.getEntriesByName('first answer').length > 0);
  const area = page.locator('.frame textarea');
  const text = await area.inputValue();
  const times = [];
  for (let i = 0; i < EDITS; i++) {
    await page.evaluate(() => performance.clearMeasures());
    await page.evaluate(
      ([selector, value]) => {
        const element = document.querySelector(selector);
        element.value = value;
        element.dispatchEvent(new InputEvent('input', { bubbles: true }));
      },
      ['.frame textarea', `${text}\n# ${i}\n`],
    );
    await page.waitForFunction(() => performance.getEntriesByName('edit to verdicts').length > 0);
    times.push(await page.evaluate(() => performance.getEntriesByName('edit to verdicts')[0].duration));
  }
  await page.close();
  return times;
}

const line = new Line();
const server = await serve(line);
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await playwright.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
const page = await browser.newPage();
line.isSlow = false;
await page.goto(origin);
const labs = await page.$$eval('a[href^="/labs/"]', (links) => [
  ...new Set(links.map((link) => link.getAttribute('href'))),
]);
await page.close();
let isGood = labs.length > 0;

function report(name, value, limit, unit) {
  const isMet = value <= limit;
  isGood &&= isMet;
  console.log(
    `${isMet ? 'ok     ' : 'MISSED '} ${name.padEnd(44)} ${value.toFixed(0).padStart(6)} ${unit} (at most ${limit})`,
  );
}

for (const lab of labs) {
  console.log(lab);
  line.isSlow = true;
  const loads = [];
  for (let i = 0; i < LOADS; i++) loads.push(await load(browser, origin + lab, line));
  const median = (key) =>
    percentile(
      loads.map((one) => one[key]),
      0.5,
    );
  report('largest contentful paint, median', median('lcp'), LIMITS.lcp, 'ms');
  report('first explained answer, median', median('answer'), LIMITS.answer, 'ms');
  report('JavaScript before the first answer, brotli', median('javascript'), LIMITS.javascript, 'kB');
  line.isSlow = false;
  report('edit to new verdicts, 95 of 100', percentile(await edits(browser, origin + lab), 0.95), LIMITS.edit, 'ms');
}
await browser.close();
server.close();
process.exit(isGood ? 0 : 1);
