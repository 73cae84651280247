/** Where the page begins. */

import '@fontsource-variable/atkinson-hyperlegible-next/wght.css';
import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, newCache } from './App';
import { Breakdown } from './ui/Breakdown';

// After a deployment the parts of an older page are gone: load the new one, once.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('scorecast.reloaded') ?? 0);
  if (Date.now() - last < 60_000) return;
  event.preventDefault();
  sessionStorage.setItem('scorecast.reloaded', String(Date.now()));
  window.location.reload();
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <Breakdown>
      <App cache={newCache()} />
    </Breakdown>
  </StrictMode>,
);
