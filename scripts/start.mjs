// Builds the site and serves it on this machine; prints the address.
import { preview } from 'vite';
import { spawnSync } from 'node:child_process';

const built = spawnSync('npx', ['--no-install', 'vite', 'build', '--logLevel', 'warn'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (built.status !== 0) {
  console.error('The build did not succeed: see the lines above.');
  process.exit(1);
}
const server = await preview({ preview: { port: Number(process.env.PORT ?? 4173), host: '127.0.0.1' } });
console.log(`Filterchain is at ${server.resolvedUrls?.local[0]} (stop it with Ctrl+C)`);
