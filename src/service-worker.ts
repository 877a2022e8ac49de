/// <reference types="@sveltejs/kit" />
/// <reference lib="webworker" />
import { build, files, prerendered, version } from '$service-worker';

/** After one visit the whole site works without a network: every file of this version is kept. */
const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = `filterchain-${version}`;
const ASSETS = new Set([...build, ...files]);

/** The engine's own files: scripts/vite_plugins.mjs. */
async function workerFiles(): Promise<string[]> {
  const names = (await (await fetch('/_app/worker-files.json')).json()) as string[];
  return names.map((name) => `/${name}`);
}

async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll([...new Set([...ASSETS, ...prerendered, ...(await workerFiles())])]);
  await worker.skipWaiting();
}

worker.addEventListener('install', (event) => event.waitUntil(keepAll()));

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  );
});

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  event.respondWith(isVersioned(url.pathname) ? fromCache(event.request) : fromNetwork(event.request));
});

const isVersioned = (path: string): boolean => ASSETS.has(path) || path.startsWith('/_app/immutable/');

/** Files carry their version in their name, so what is kept is right. */
async function fromCache(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: CACHE })) ?? fetch(request);
}

/** Pages are asked for anew, so that a new version is seen at once; what is kept serves where there is no network. */
async function fromNetwork(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const path = new URL(request.url).pathname;
    const kept =
      (await caches.match(path, { cacheName: CACHE })) ??
      (await caches.match(path.replace(/\/$/, '') || '/', { cacheName: CACHE }));
    if (kept) return kept;
    throw error;
  }
}
