/**
 * Where the gateway is: the page's own address, or `NEXT_PUBLIC_WS_URL` (as `wss://quiz.example`)
 * where the page was built to be served from elsewhere.
 */
export const gateway: string =
  import.meta.env.NEXT_PUBLIC_WS_URL?.replace(/^ws/, 'http') || window.location.origin;
