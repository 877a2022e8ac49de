import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApi } from '#api';
import { labsOnDisk } from '../../src/cli/lab_files.ts';
import { play } from '../../src/workers/play.ts';
import { explained, NARROW, plainEditor, show, Site } from './site.ts';

let site: Site;
beforeAll(async () => void (site = await Site.open()));
afterAll(() => site.close());

const LAB = 'unknown-host';
const LABS = labsOnDisk().labs;
const sent = (page: Page) => page.getByRole('list', { name: 'Requests sent' }).getByRole('listitem');

async function send(page: Page, host: string, path: string): Promise<void> {
  await page.getByLabel('Host', { exact: true }).fill(host);
  await page.getByLabel('Path', { exact: true }).fill(path);
  const before = await sent(page).count();
  await page.getByRole('button', { name: /^Send/ }).click();
  await sent(page).nth(before).waitFor();
}

const headLine = (page: Page): Promise<string> => page.locator('.line.head .code').innerText();

test('the lesson, the tasks and the highlighted configuration are in the HTML that is sent', async () => {
  const html = await (await fetch(`${site.address}labs/${LAB}`)).text();
  expect(html).toContain('A 404 that nobody');
  expect(html).toContain('Any other host is still refused by Envoy');
  expect(html).toContain('<span class="hljs-attr">static_resources:</span>');
});

test('a request is answered and explained; a step lights its lines, and a line lists its steps', async () => {
  const page = await site.lab(LAB);
  await send(page, 'shop.example', '/cart/7');
  await page.getByText('200 was made by shop.').waitFor();
  await page.getByRole('button', { name: /matched: Route all is the first/ }).click();
  expect(await headLine(page)).toContain('name: all');
  await page.locator('.frame').click();
  await page.locator('.monaco-editor .lit-head').waitFor();
  await page.locator('.monaco-editor .view-line', { hasText: 'domains: [shop.example]' }).click();
  const strip = page.getByRole('group', { name: 'Steps of line 15' });
  await strip.getByRole('button', { name: /request 1 ?: tried and failed/ }).click();
  await page.locator('.row.current', { hasText: 'which has :10000 after it' }).waitFor();
  await page.context().close();
});

test('the trace in the browser is equal to that in Node', async () => {
  const page = await site.lab(LAB);
  const shown = await page.locator('.row .sentence').allInnerTexts();
  const api = openApi(readFileSync(new URL('../../src/api/envoy-v3-1.40.0.binpb', import.meta.url)));
  const { lab, start } = LABS[0]!;
  const requests = [{ to: lab.to, ...lab.first }];
  const { outcomes } = play(api, { kind: 'play', lab, files: start, requests });
  expect(shown).toEqual(outcomes[0]!.steps.map((step) => step.sentence.replaceAll('`', '')));
  await page.context().close();
});

test('what weighs much is loaded when a configuration asks for it: a script, then an expression', async () => {
  const page = await site.lab(LAB);
  const filters = `
          - name: script
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code: {inline_string: "function envoy_on_request(h) h:headers():add('x-by', 'lua') end"}
          - name: rules
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
              rules:
                policies:
                  scripted:
                    permissions: [{any: true}]
                    principals: [{any: true}]
                    condition:
                      call_expr:
                        function: '@in'
                        args:
                        - const_expr: {string_value: x-by}
                        - select_expr: {operand: {ident_expr: {name: request}}, field: headers}`;
  const whole = await plainEditor(page).inputValue();
  await plainEditor(page).fill(
    whole.replace('http_filters:', `http_filters:${filters}`).replace('[shop.example]', '["*"]'),
  );
  await page.getByText('200 was made by shop.').waitFor();
  await page.context().close();
});

test('a curl line that is pasted becomes the request, and says what it left out', async () => {
  const page = await site.lab(LAB);
  await page.getByLabel('Host', { exact: true }).focus();
  await page.evaluate(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', `curl -k --max-time 3 -H 'Host: shop.example' -d a=1 http://127.0.0.1:10000/cart/7`);
    document.activeElement!.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  });
  await page.getByText('Taken from the curl line, without --max-time 3.').waitFor();
  await page.getByRole('button', { name: /^Send/ }).click();
  await sent(page).nth(1).waitFor();
  expect(await sent(page).nth(1).innerText()).toMatch(/200\s*shop\.example\s*POST \/cart\/7/);
  await page.context().close();
});

test('the slider goes through a request and on into the next one, forwards and back, with the state at that moment', async () => {
  const page = await site.lab(LAB);
  await send(page, 'shop.example', '/');
  await page.getByRole('slider', { name: 'Request' }).fill('1');
  await page.getByRole('slider', { name: 'Step' }).fill('1');
  await page.getByText('step 1 of').waitFor();
  expect(await page.getByRole('region', { name: 'State at this step' }).count()).toBe(0);
  for (let i = 0; i < 6; i++) await page.getByRole('button', { name: 'Next step' }).click();
  await page.getByText('request 2 of 2').waitFor();
  await page.getByRole('slider', { name: 'Step' }).press('End');
  expect(await page.getByRole('region', { name: 'State at this step' }).innerText()).toContain('requests held');
  await page.getByRole('slider', { name: 'Step' }).press('Home');
  await page.getByRole('button', { name: 'Previous step' }).click();
  await page.getByText('request 1 of 2').waitFor();
  await page.context().close();
});

test('a share link brings files, requests and the selected step to another browser', async () => {
  const page = await site.lab(LAB, NARROW);
  await show(page, 'Config');
  await plainEditor(page).fill(`${await plainEditor(page).inputValue()}# mine\n`);
  await show(page, 'Why');
  await send(page, 'shop.example', '/cart/7');
  await page.getByRole('slider', { name: 'Step' }).fill('2');
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByText(/The link is in the/).waitFor();
  const fragment = new URL(page.url()).hash;
  const other = await site.lab(LAB, { ...NARROW, fragment });
  await show(other, 'Why');
  await other.getByText('request 2 of 2').waitFor();
  await other.getByText('step 2 of').waitFor();
  await show(other, 'Config');
  expect(await plainEditor(other).inputValue()).toMatch(/# mine\n$/);
  await other.context().close();
  await page.context().close();
});

test('work is kept and said to be back; a reset can be undone; an export comes back by import', async () => {
  const page = await site.lab(LAB, NARROW);
  await show(page, 'Config');
  const start = await plainEditor(page).inputValue();
  await plainEditor(page).fill(`${start}# kept\n`);
  await page.getByText('Saved in this browser').waitFor();
  await page.reload();
  await page.getByText(/Your work of .* is back/).waitFor();
  await show(page, 'Config');
  expect(await plainEditor(page).inputValue()).toBe(`${start}# kept\n`);
  await page.getByText('Your work', { exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as a file' }).click();
  const file = await (await download).path();
  await page.getByText('Your work', { exact: true }).click();
  await page.getByRole('button', { name: 'Reset envoy.yaml' }).click();
  expect(await plainEditor(page).inputValue()).toBe(start);
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await plainEditor(page).inputValue()).toBe(`${start}# kept\n`);
  await page.getByText('Your work', { exact: true }).click();
  await page.getByRole('button', { name: 'Reset the lab' }).click();
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'w.json', mimeType: 'application/json', buffer: readFileSync(file) });
  await page
    .getByText(/Your work of .* is back/)
    .first()
    .waitFor();
  expect(await plainEditor(page).inputValue()).toBe(`${start}# kept\n`);
  await page.context().close();
});

test('the solution is shown on demand, and marked as shown', async () => {
  const page = await site.lab(LAB);
  await page.getByRole('button', { name: 'Solution', exact: true }).click();
  await page.getByRole('button', { name: 'Show it' }).click();
  expect(await page.locator('dialog .added').first().innerText()).toContain('ignore_port_in_host_matching');
  await page.getByRole('button', { name: 'Start → mine' }).click();
  await page.getByText('Both are the same, line by line.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('You looked at the solution').waitFor();
  await page.context().close();
});

test('Monaco follows with nothing lost, completes fields and explains them', async () => {
  const page = await site.lab(LAB);
  await page.locator('.frame textarea').click({ position: { x: 200, y: 16 } });
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('# typed before Monaco came');
  await page.keyboard.press('Enter');
  await page.locator('.monaco-editor .view-line', { hasText: 'typed before Monaco came' }).waitFor();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('layered');
  await page.locator('.suggest-widget .monaco-list-row', { hasText: 'layered_runtime' }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.monaco-editor .view-line', { hasText: 'layered_runtime:' }).waitFor();
  await page
    .locator('.monaco-editor .view-line span', { hasText: /^lb_endpoints$/ })
    .last()
    .hover();
  await page.locator('.monaco-hover', { hasText: 'list of envoy.config.endpoint.v3.LbEndpoint' }).waitFor();
  await page.context().close();
});

test('everything can be done by keyboard, and ? lists the keys', async () => {
  const page = await site.lab(LAB);
  await page.keyboard.press('?');
  expect(await page.getByRole('dialog', { name: 'Keys' }).innerText()).toContain('Leave the editor');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('4');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-current') === 'step');
  await page.keyboard.press('k');
  await page.getByText('step 4 of 6').waitFor();
  await page.keyboard.press('j');
  await page.getByText('step 5 of 6').waitFor();
  await page.keyboard.press('3');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Host');
  await page.keyboard.press('End');
  await page.keyboard.type('.x');
  await page.keyboard.press('Control+Enter');
  await page.getByText('GET shop.example:10000.x/').waitFor();
  await page.keyboard.press('F6');
  await page.waitForFunction(() => document.querySelector('#lesson')?.contains(document.activeElement));
  await page.keyboard.press('2');
  await page.locator('.monaco-editor .view-line').first().waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('.monaco-editor') !== null);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Host');
  await page.context().close();
});

test('a narrow page shows the lines of a step beside it, and never loads Monaco', async () => {
  const page = await site.lab(LAB, NARROW);
  const scripts: string[] = [];
  page.on('request', (one) => void scripts.push(one.url()));
  await show(page, 'Why');
  await page.getByRole('button', { name: /tried and failed: The virtual host shop/ }).click();
  expect(await page.getByLabel('The lines of this step').innerText()).toContain('domains: [shop.example]');
  await show(page, 'Config');
  await plainEditor(page).click();
  expect(await page.locator('.monaco-editor').count()).toBe(0);
  await page.context().close();
});

test('after one visit the lab works without a network, and nothing was ever asked of another origin', async () => {
  const context = await site.browser.newContext();
  const page = await context.newPage();
  const foreign: string[] = [];
  context.on(
    'request',
    (one) => void (one.url().startsWith(site.address) || /^(data|blob):/.test(one.url()) || foreign.push(one.url())),
  );
  await page.goto(`${site.address}labs/${LAB}`);
  await page.getByText('works offline').waitFor({ timeout: 30_000 });
  await context.setOffline(true);
  await page.goto(site.address);
  await page.getByRole('link', { name: /Continue|Start/ }).click();
  await explained(page);
  await page.reload();
  await explained(page);
  await page.locator('.frame').click();
  await page.locator('.monaco-editor .view-line').first().waitFor();
  expect(foreign).toEqual([]);
  await context.close();
});

test('a lab of several files: a step opens its file, each keeps what was typed, and the tabs go by arrows', async () => {
  const page = await site.lab('all-or-nothing');
  const tab = (name: string) => page.getByRole('tab', { name: new RegExp(`^${name}`) });
  const editor = page.getByRole('textbox', { name: 'routes.yaml' });
  const isOpen = (name: string): Promise<string | null> => tab(name).getAttribute('aria-selected');
  await page.getByRole('tab', { name: 'routes.yaml , has errors' }).waitFor();
  expect(await isOpen('routes.yaml')).toBe('true');
  expect(await headLine(page)).toContain('clusters:');
  await page.getByRole('button', { name: /matched: The cluster cart is active/ }).click();
  expect(await isOpen('clusters.yaml')).toBe('true');
  expect(await headLine(page)).toContain('envoy.config.cluster.v3.Cluster');
  await tab('clusters.yaml').press('ArrowLeft');
  expect(await isOpen('routes.yaml')).toBe('true');
  const text = await editor.inputValue();
  await editor.fill(text.replace('weight: 0', 'weight: 1'));
  await page.getByText('200 was made by site.').waitFor();
  expect(await isOpen('routes.yaml')).toBe('true');
  await tab('envoy.yaml').click();
  await tab('routes.yaml').click();
  expect(await page.locator('.monaco-editor .view-lines').or(page.locator('.frame')).first().innerText()).toMatch(
    /weight:\s1/,
  );
  await page.getByText('Your work').click();
  await page.getByRole('button', { name: 'Reset routes.yaml' }).click();
  await page.getByText('404 was made by Envoy.').waitFor();
  await page.context().close();
});

test('home shows nine tracks with their articles, and continues where the reader was', async () => {
  const page = await site.lab(LAB);
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.getByText('Saved in this browser').waitFor();
  await page.getByRole('link', { name: 'Filterchain' }).click();
  await page.getByRole('link', { name: /^Continue: / }).waitFor();
  expect(await page.locator('.tracks > li').count()).toBe(9);
  expect(await page.getByRole('link', { name: /Demystified/ }).getAttribute('href')).toBe(
    'https://servicemeshblog.com/blog/envoy-config-dump-explained',
  );
  await page.context().close();
});

test('tasks are judged after every edit, hints come from what was observed, and every lab is solved by its answer', async () => {
  const page = await site.lab(LAB, NARROW);
  const task = page.getByRole('region', { name: 'Tasks' }).getByRole('listitem').nth(1);
  await task.getByText('404 NR by Envoy itself. Wanted: 200 from shop.').waitFor();
  await task.getByRole('button', { name: 'Give me a hint' }).click();
  await task.getByText('Which virtual hosts does Why say it tried').waitFor();
  await task.getByRole('button', { name: 'Try it and see why' }).click();
  await page.getByText('request 2 of 2').waitFor();
  for (const { lab, solution } of LABS) {
    await page.goto(`${site.address}labs/${lab.slug}`);
    await explained(page);
    await show(page, 'Config');
    for (const [name, text] of Object.entries(solution)) {
      if (lab.edit.length > 1) await page.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
      await page.getByRole('textbox', { name }).fill(text);
    }
    await show(page, 'Lesson');
    await page.getByText('All done.').waitFor();
    await page.getByText('Saved in this browser').waitFor();
  }
  await page.getByRole('link', { name: 'Filterchain' }).click();
  const tasks = LABS.at(-1)!.lab.checks.length;
  await page.getByText(`${tasks} of ${tasks} done`).first().waitFor();
  expect(await page.getByText(/^(\d+) of \1 done$/).count()).toBe(LABS.length);
  await page.context().close();
});
