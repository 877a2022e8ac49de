import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './site.ts';

let site: Site;
beforeAll(async () => void (site = await Site.open()));
afterAll(() => site.close());

interface AxeWindow {
  axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
}

/** Every violation that axe finds, with its first element. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => (globalThis as unknown as AxeWindow).axe.run());
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((one) => `${one.html} ${one.failureSummary}`).join('\n')}`,
  );
}

for (const width of [1440, 1024, 390])
  for (const colorScheme of ['light', 'dark'] as const)
    test(`axe finds no violation on a lab at ${width} px, ${colorScheme}`, async () => {
      const page = await site.lab('unknown-host', { viewport: { width, height: 844 }, colorScheme });
      expect(await violations(page)).toEqual([]);
      if (width === 390) {
        for (const pane of ['Config', 'Request', 'Why']) {
          await page.getByRole('navigation', { name: 'Panes' }).getByRole('button', { name: pane }).click();
          expect(await violations(page)).toEqual([]);
        }
      } else {
        await page.locator('.monaco-editor .view-line').first().waitFor();
        expect(await violations(page)).toEqual([]);
      }
      await page.context().close();
    });

test('axe finds no violation in a lab of several files, nor in its solution', async () => {
  const page = await site.lab('all-or-nothing');
  await page.locator('.monaco-editor .view-line').first().waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Solution', exact: true }).click();
  await page.getByRole('button', { name: 'Show it' }).click();
  await page.getByRole('combobox', { name: 'File' }).selectOption('routes.yaml');
  await page.getByText('- {name: cart, weight: 100}').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.context().close();
});

test('axe finds no violation at home, in the list of keys and in the solution', async () => {
  const page = await site.lab('unknown-host');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Solution', exact: true }).click();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Show it' }).click();
  expect(await violations(page)).toEqual([]);
  await page.goto(site.address);
  expect(await violations(page)).toEqual([]);
  await page.context().close();
});
