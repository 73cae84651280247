/// <reference types="vite/client" />

interface ImportMetaEnv {
  readonly NEXT_PUBLIC_WS_URL?: string;
}
