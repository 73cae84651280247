/** Where the page begins. */

import '@fontsource-variable/atkinson-hyperlegible-next/wght.css';
import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, newCache } from './App';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App cache={newCache()} />
  </StrictMode>,
);
