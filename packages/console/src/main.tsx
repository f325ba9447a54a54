import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { openPlayground } from './lib/playground.ts';
import './styles.css';
import { App } from './ui/app.tsx';
import { PlaygroundContext } from './ui/hooks.ts';

const root = document.querySelector('#root');
if (root === null) throw new Error('index.html has no #root');

createRoot(root).render(
  <StrictMode>
    <PlaygroundContext value={openPlayground(window)}>
      <App />
    </PlaygroundContext>
  </StrictMode>,
);
