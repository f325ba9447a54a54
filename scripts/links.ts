import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root, run, type Result } from './run.ts';

/** Links between our own pages: every file that is named exists, and every `#heading` too. */
export async function checkLinks(): Promise<Result> {
  const { output } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md']);
  const pages = output.split('\n').filter((page) => page !== '' && existsSync(join(root, page)));
  const broken = pages.flatMap((page) => brokenLinks(join(root, page)));
  return {
    passed: pages.length === 0 || broken.length > 0 ? 0 : 1,
    failed: broken.length,
    output: broken.join('\n'),
  };
}

function brokenLinks(page: string): readonly string[] {
  const text = withoutCode(readFileSync(page, 'utf8'));
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    const isFine = existsSync(file) && (anchor === undefined || headings(file).includes(anchor));
    return isFine ? [] : [`${relative(root, page)}: the link ${target} leads nowhere`];
  });
}

/** The anchors that a renderer makes of a page's headings. */
function headings(file: string): readonly string[] {
  const lines = withoutCode(readFileSync(file, 'utf8')).matchAll(/^#+ (.+)$/gm);
  return [...lines].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string): string {
  return text
    .replaceAll(/^```.*?^```/gms, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.slice(1, -1).replaceAll(/[[\]()]/g, ''));
}
