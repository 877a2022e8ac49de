import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explained, NARROW, plainEditor, show, Site } from './site.ts';

let site: Site;
beforeAll(async () => void (site = await Site.open()));
afterAll(() => site.close());

const LAB = 'unknown-host';

/** A page without a wait for the first answer: for those that will not have one. */
async function bare(script: () => void, options = {}): Promise<Page> {
  const page = await (await site.browser.newContext(options)).newPage();
  await page.addInitScript(script);
  await page.goto(`${site.address}labs/${LAB}`);
  return page;
}

const paste = (page: Page, selector: string, length: number): Promise<void> =>
  page.evaluate(
    ([into, count]) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', 'a: b\n'.repeat(Number(count) / 5));
      document
        .querySelector(String(into))!
        .dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    },
    [selector, length],
  );

const drop = (page: Page, name: string, bytes: number[]): Promise<void> =>
  page.evaluate(
    ([file, content]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(content as number[])], file as string));
      document
        .querySelector('[aria-label=Configuration]')!
        .dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    },
    [name, bytes] as const,
  );

test('broken YAML while typing says where, keeps the text, and shows the last answers until it is whole again', async () => {
  const page = await site.lab(LAB, NARROW);
  await show(page, 'Config');
  const whole = await plainEditor(page).inputValue();
  const broken = whole.replace('virtual_hosts:', 'virtual_hosts: [');
  await plainEditor(page).fill(broken);
  await page.getByText(/error, line \d+/).waitFor();
  expect(await plainEditor(page).inputValue()).toBe(broken);
  await show(page, 'Why');
  await page.getByText('Envoy would not start with the configuration as it is now.').waitFor();
  await page.getByText('404 was made by Envoy.').waitFor();
  await show(page, 'Config');
  await plainEditor(page).fill(whole.replace('[shop.example]', '["*"]'));
  await page.getByText('no problems').waitFor();
  await show(page, 'Why');
  await page.getByText('200 was made by shop.').waitFor();
  await page.context().close();
});

test('a field that Envoy does not know is mended by one press', async () => {
  const page = await site.lab(LAB, NARROW);
  await show(page, 'Config');
  const whole = await plainEditor(page).inputValue();
  await plainEditor(page).fill(whole.replace('{prefix: /}', '{prefx: /}'));
  await page.getByText('no such field').waitFor();
  await page.getByRole('button', { name: 'Change to prefix' }).click();
  await page.getByText('no problems').waitFor();
  expect(await plainEditor(page).inputValue()).toBe(whole);
  await page.context().close();
});

test('a paste of 5 MB is refused with its length, in both editors, and the text is kept', async () => {
  const narrow = await site.lab(LAB, NARROW);
  await show(narrow, 'Config');
  const before = await plainEditor(narrow).inputValue();
  await paste(narrow, '.frame textarea', 5_000_000);
  await narrow.getByText('That text has 5,000,000 characters').waitFor();
  expect(await plainEditor(narrow).inputValue()).toBe(before);
  await narrow.context().close();
  const wide = await site.lab(LAB);
  await wide.locator('.frame').click();
  await wide.locator('.monaco-editor .view-line').first().waitFor();
  await paste(wide, '.monaco-editor .inputarea, .monaco-editor .native-edit-context', 5_000_000);
  await wide.getByText('That text has 5,000,000 characters').waitFor();
  await wide.getByText('no problems').waitFor();
  await wide.context().close();
});

test('a binary file that is dropped is refused, a text is taken and can be taken back', async () => {
  const page = await site.lab(LAB, NARROW);
  await show(page, 'Config');
  const before = await plainEditor(page).inputValue();
  await drop(page, 'photo.png', [0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]);
  await page.getByText('photo.png is not text (UTF-8): expected YAML or JSON.').waitFor();
  expect(await plainEditor(page).inputValue()).toBe(before);
  await drop(page, 'mine.yaml', [...new TextEncoder().encode('static_resources: {}\n')]);
  await page.getByText('mine.yaml is in the editor now.').waitFor();
  expect(await plainEditor(page).inputValue()).toBe('static_resources: {}\n');
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await plainEditor(page).inputValue()).toBe(before);
  await page.context().close();
});

test('a share link that was cut, or made by a newer version, says so and opens the lab as it is', async () => {
  const cut = await site.lab(LAB, { fragment: '#state=1.400.eNqVkE1' });
  await cut.getByText('This link is not whole').waitFor();
  await cut.context().close();
  const newer = await site.lab(LAB, { fragment: '#state=7.4.AAAA' });
  await newer.getByText('made by a newer version of this page').waitFor();
  await newer.getByText('404 was made by Envoy.').waitFor();
  await newer.context().close();
});

test('a full storage is said, and the work can still be exported', async () => {
  const page = await bare(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await explained(page);
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.getByText('The storage of this browser is full').waitFor();
  await page.getByText('Not saved').waitFor();
  await page.getByText('Your work', { exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as a file' }).click();
  expect((await download).suggestedFilename()).toBe(`filterchain-${LAB}.json`);
  await page.context().close();
});

test('a storage that may not be used is said, and the page works', async () => {
  const page = await bare(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('forbidden', 'SecurityError');
    };
  });
  await explained(page);
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.getByText('This browser does not allow storage').waitFor();
  await page.getByRole('list', { name: 'Requests sent' }).getByRole('listitem').nth(1).waitFor();
  await page.context().close();
});

test('two tabs on one lab know of each other, and neither overwrites the other unasked', async () => {
  const first = await site.lab(LAB, NARROW);
  const second = await first.context().newPage();
  await second.goto(first.url());
  await explained(second);
  await first.getByText('This lab is open in another tab too.').waitFor();
  await show(second, 'Config');
  const text = await plainEditor(second).inputValue();
  await plainEditor(second).fill(`${text}# from the second tab\n`);
  await first.getByText('This lab was changed in another tab.').waitFor();
  await first.getByRole('button', { name: 'Take what the other tab has' }).click();
  await show(first, 'Config');
  await first.waitForFunction(() =>
    document.querySelector<HTMLTextAreaElement>('.frame textarea')?.value.endsWith('# from the second tab\n'),
  );
  await first.context().close();
});

test('an engine that is killed in a run is said, the text is kept, and the next run has a new one', async () => {
  const page = await bare(() => {
    const Real = Worker;
    const made: Worker[] = [];
    Object.assign(globalThis, { made });
    globalThis.Worker = class extends Real {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        made.push(this);
      }
    };
  }, NARROW);
  await explained(page);
  await show(page, 'Config');
  const text = await plainEditor(page).inputValue();
  await page.evaluate(() => (globalThis as unknown as { made: Worker[] }).made[0]!.terminate());
  await show(page, 'Why');
  await page.getByRole('button', { name: /^Send/ }).click();
  await page.getByText('The run was stopped. No answer came within 8 s. Your text is kept.').waitFor();
  await page.getByRole('button', { name: 'Run again' }).click();
  await page.getByRole('list', { name: 'Requests sent' }).getByRole('listitem').nth(1).waitFor();
  await show(page, 'Config');
  expect(await plainEditor(page).inputValue()).toBe(text);
  await page.context().close();
});

test('a browser without workers is told what it lacks, and the lesson and the configuration can be read', async () => {
  const page = await bare(() => {
    Reflect.deleteProperty(globalThis, 'Worker');
  });
  await page.getByText('This browser lacks web workers').waitFor();
  await page.getByText('Engine stopped').waitFor();
  expect(await plainEditor(page).inputValue()).toContain('static_resources:');
  await page.context().close();
});
