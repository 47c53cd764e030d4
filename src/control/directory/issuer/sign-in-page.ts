// The two pages on which a person signs in with a user of the dev directory: for a browser login and for a device code.
// Plain forms; the password is what keeps another site's page from submitting them.
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/**
 * @param problem shown above the form when the last attempt failed
 * @param userCode present: the form asks for a device code, filled in with this
 */
export function renderSignIn(
  title: string,
  users: readonly string[],
  problem: string | undefined,
  userCode?: string,
): string {
  const code =
    userCode === undefined
      ? ''
      : `<label>Code <input name="user_code" value="${escapeHtml(userCode)}" autocomplete="off" required></label>`;
  const options = users.map((upn) => `<option>${escapeHtml(upn)}</option>`).join('');
  return page(
    title,
    `${problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
<form method="post">
${code}
<label>User <select name="username">${options}</select></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>
<p>Users and passwords of this development directory are in its data folder.</p>`,
  );
}

export function renderNotice(title: string, text: string): string {
  return page(title, `<p>${escapeHtml(text)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}label,button{display:block;margin:.8rem 0}
input,select{width:100%;font:inherit;padding:.3rem}[role=alert]{color:#a00}</style>
<h1>${escapeHtml(title)}</h1>
${body}
</html>
`;
}
