// A file's address, packed: scripts/vite_plugins.mjs.
declare module '*?gzip' {
  const address: string;
  export default address;
}
