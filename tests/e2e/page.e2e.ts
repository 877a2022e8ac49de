import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { preview, type PreviewServer } from 'vite';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApi } from '#api';
import { EXAMPLE } from '#lib/example.ts';
import { chromium } from '../../scripts/chromium.mjs';
import { explain } from '../../src/workers/explain.ts';

let server: PreviewServer;
let browser: Browser;
let page: Page;
const foreign: string[] = [];

beforeAll(async () => {
  server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  const address = server.resolvedUrls!.local[0]!;
  browser = await playwright.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  page = await browser.newPage();
  page.on(
    'request',
    (request) =>
      void (request.url().startsWith(address) || /^(data|blob):/.test(request.url()) || foreign.push(request.url())),
  );
  await page.goto(address);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function send(host: string, path: string): Promise<string> {
  await page.getByLabel('Host').fill(host);
  await page.getByLabel('Path').fill(path);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('button', { name: 'Send', exact: true, disabled: false }).waitFor();
  return page.getByRole('status').innerText();
}

test('a request is answered and explained by lines of the config, without a request to another origin', async () => {
  expect(await send('shop.example', '/cart/7')).toMatch(
    /^200 flags -, details via_upstream, answered by 127\.0\.1\.2:8001/,
  );
  await page.getByRole('button', { name: /matched Route `cart` is the first/ }).click();
  const selected = await page.evaluate(() => {
    const editor = document.querySelector<HTMLTextAreaElement>('#config')!;
    return editor.value.slice(editor.selectionStart, editor.selectionEnd);
  });
  expect(selected.trim().split('\n')[0]).toBe('name: cart');
  expect(foreign).toEqual([]);
});

test('an unknown Host is a 404 by Envoy itself, and the trace names the virtual hosts that it tried', async () => {
  expect(await send('other.example', '/')).toMatch(/^404 flags NR, details route_not_found/);
  await page.getByText('No virtual host takes Host "other.example".').waitFor();
  await page.getByText('The virtual host `shop` answers for shop.example, and Host is "other.example".').waitFor();
});

test('the trace in the browser is byte-equal to that in Node', async () => {
  await send('shop.example', '/cart/7');
  const shown = await page.locator('ol li .sentence').allInnerTexts();
  const api = openApi(readFileSync(new URL('../../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));
  const request = { to: '127.0.0.1:10000', method: 'GET', authority: 'shop.example', path: '/cart/7', headers: [] };
  expect(shown).toEqual(explain(api, { id: 1, config: EXAMPLE, request }).steps.map((step) => step.sentence));
});

test('a config that Envoy would refuse says where and why, and the text is kept', async () => {
  const broken = (await page.getByLabel('envoy.yaml').inputValue()).replace('prefix: /}', 'prefx: /}');
  await page.getByLabel('envoy.yaml').fill(broken);
  expect(await send('shop.example', '/')).toContain('Envoy would not start');
  await page.getByText('has no field `prefx` Did you mean `prefix`?').waitFor();
  expect(await page.getByLabel('envoy.yaml').inputValue()).toBe(broken);
});
