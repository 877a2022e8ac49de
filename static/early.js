// Before the first paint: the theme and the sizes of the panes that this reader chose, so that nothing jumps later.
try {
  const { theme, lesson, editor } = JSON.parse(localStorage.getItem('filterchain/view') ?? '{}');
  const root = document.documentElement;
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  if (Number.isFinite(lesson)) root.style.setProperty('--lesson', `${lesson}%`);
  if (Number.isFinite(editor)) root.style.setProperty('--editor', `${editor}%`);
} catch {
  // Storage is forbidden or holds something else: the usual view then.
}
// The engine opens in its own thread while the page is still being read: src/lib/simulation.ts takes it over.
const engine = document.currentScript.dataset.engine;
if (engine && typeof Worker !== 'undefined') globalThis.filterchainEngine = new Worker(engine, { type: 'module' });
