import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explained, NARROW, plainEditor, show, Site } from './site.ts';

let site: Site;
beforeAll(async () => void (site = await Site.open()));
afterAll(() => site.close());

const done = (page: Page): Promise<void> => page.getByText('All done.').waitFor();
const press = async (page: Page, key: string, times = 1): Promise<void> => {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};

/** From anywhere into the editor, to a line that is counted from 1. */
async function goToLine(page: Page, line: number): Promise<void> {
  await press(page, 'Control+Home');
  await press(page, 'ArrowDown', line - 1);
}

/** Lines below a line, as one types them: the editor indents, and Backspace takes the indentation of a list's entry back. */
async function writeBelow(page: Page, line: number, texts: readonly string[]): Promise<void> {
  await goToLine(page, line);
  for (const text of texts) {
    await press(page, 'End');
    // Monaco indents a line when it has coloured it: no hand is so fast that it would see that.
    await page.waitForTimeout(200);
    await press(page, 'Enter');
    if (text.startsWith('- ')) await press(page, 'Backspace');
    await page.keyboard.type(text);
  }
}

/** A lab, from home with the keyboard alone, in its editor. */
async function openByKeyboard(title: string): Promise<Page> {
  const context = await site.browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(site.address);
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
  for (let i = 0; i < 10 && (await focused()) !== title; i++) await press(page, 'Tab');
  expect(await focused()).toBe(title);
  await press(page, 'Enter');
  await explained(page);
  await press(page, '2');
  await page.locator('.monaco-editor .view-line').first().waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('.monaco-editor') !== null);
  return page;
}

test('the first lab is solved by keyboard alone, from home on', async () => {
  const page = await openByKeyboard("A 404 that nobody's server sent");
  await writeBelow(page, 12, ['ignore_port_in_host_matching: true']);
  await done(page);
  await page.context().close();
});

test('the second lab is solved by keyboard alone', async () => {
  const page = await openByKeyboard('First match wins');
  await goToLine(page, 20);
  await press(page, 'Control+Shift+K', 6);
  await writeBelow(page, 16, [
    '- name: api-v2',
    'match: {path_separated_prefix: /api/v2}',
    'route: {cluster: api-v2}',
    '- name: api',
    'match: {path_separated_prefix: /api}',
    'route: {cluster: api}',
  ]);
  await done(page);
  await page.context().close();
});

test('the third lab is solved by keyboard alone', async () => {
  const page = await openByKeyboard('Which route, which cluster, which host?');
  await goToLine(page, 61);
  await press(page, 'Control+Shift+K');
  await writeBelow(page, 27, [
    '- name: reports',
    'match: {path_separated_prefix: /reports}',
    'route: {cluster: reports}',
  ]);
  await goToLine(page, 24);
  await press(page, 'End');
  await press(page, 'ArrowLeft');
  await press(page, 'Backspace');
  await done(page);
  await page.context().close();
});

test('a lab is solved on a page of 390 px, by touch and by its small keyboard', async () => {
  const page = await site.lab('unknown-host', { ...NARROW, hasTouch: true, isMobile: true });
  await show(page, 'Config');
  await plainEditor(page).tap({ position: { x: 180, y: 8 + 11 * 20 + 10 } });
  await press(page, 'End');
  await press(page, 'Enter');
  await page.keyboard.type('ignore_port_in_host_matching: true');
  await show(page, 'Lesson');
  await done(page);
  await page.context().close();
});
