/** How people get into a quiz: the address with its code, for a link, a QR code and for words. */

export interface Invitation {
  /** For links and QR codes. */
  url: string;
  /** To be read from afar and typed. */
  address: string;
  code: string;
}

export function invitation(joinCode: string): Invitation {
  const { origin, host } = window.location;
  return { url: `${origin}/?join=${joinCode}`, address: host, code: joinCode };
}

/** `402913` → `402 913`. */
export function spaced(code: string): string {
  return code.replace(/^(\d{3})(\d{3})$/, '$1\u2009$2');
}
