// In a browser or Node, while the server runs: node examples/contract/client.ts http://127.0.0.1:3000
import { createClient } from '@thrum/client';
import type { App } from './app.ts';

const url = process.argv[2] ?? 'http://127.0.0.1:3000';
const client = createClient<App>(`${url.replace(/^http/, 'ws')}/ws`);

const chat = client.channel('chat:lobby');
chat.on('message', ({ data, from, offset }) => console.log(`${offset} ${from ?? 'server'}: ${data.text}`));

// { text: 1 } would not compile here either.
const { position } = await chat.publish('message', { text: 'Hello from the SDK' });
console.log('published at', position?.offset);

const { result } = await client.call('divide', { a: 6, b: 3 });
console.log('6 / 3 =', result);

client.dispose();
