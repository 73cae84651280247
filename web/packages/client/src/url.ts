/** The WebSocket address of a path on a server given by its http or ws address. */
export function socketUrl(server: string, path: string): string {
  return new URL(path, server).href.replace(/^http/, 'ws');
}
