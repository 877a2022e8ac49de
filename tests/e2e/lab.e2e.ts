import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApi } from '#api';
import { EXAMPLE } from '#lib/example.ts';
import { play } from '../../src/workers/play.ts';
import { Site } from './site.ts';

let site: Site;
beforeAll(async () => void (site = await Site.open()));
afterAll(() => site.close());

async function send(page: Page, host: string, path: string): Promise<void> {
  const list = page.getByRole('list', { name: 'Requests sent' });
  await page.getByLabel('Host').fill(host);
  await page.getByLabel('Path', { exact: true }).fill(path);
  const before = await list.getByRole('listitem').count();
  await page.getByRole('button', { name: /^Send/ }).click();
  await list.getByRole('listitem').nth(before).waitFor();
}

test('a request is answered and explained by lines of the config, without a request to another origin', async () => {
  const page = await site.lab('example');
  const foreign: string[] = [];
  page.on('request', (one) => void (one.url().startsWith(site.address) || foreign.push(one.url())));
  await send(page, 'shop.example', '/cart/7');
  await page.getByText('200 was made by 127.0.1.2:8001.').waitFor();
  await page.getByRole('button', { name: /matched: Route cart is the first/ }).click();
  expect(await page.locator('.line.head .code').innerText()).toContain('name: cart');
  expect(foreign).toEqual([]);
  await page.context().close();
});

test('the trace in the browser is equal to that in Node', async () => {
  const page = await site.lab('example');
  const shown = await page.locator('.row .sentence').allInnerTexts();
  const api = openApi(readFileSync(new URL('../../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));
  const request = { to: '127.0.0.1:10000', method: 'GET', authority: 'shop.example:10000', path: '/' };
  const { outcomes } = play(api, { kind: 'play', config: EXAMPLE, requests: [request], seed: 'example' });
  expect(shown).toEqual(outcomes[0]!.steps.map((step) => step.sentence.replaceAll('`', '')));
  await page.context().close();
});
