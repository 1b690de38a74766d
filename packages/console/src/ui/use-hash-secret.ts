import { useEffect, useState } from 'react';

const read = (name: string): string => {
  const [given, value = ''] = location.hash.slice(1).split(/=(.*)/s);
  return given === name ? value : '';
};

/**
 * What the address has after `#name=`, such as a token that signs in. A fragment is sent to no server; here it is taken
 * out of the address bar and the history as well. It may also come while the page is open.
 */
export function useHashSecret(name: string): string {
  const [secret, setSecret] = useState(() => read(name));
  useEffect(() => {
    const take = () => {
      const found = read(name);
      if (found === '') return;
      setSecret(found);
      history.replaceState(history.state, '', location.pathname);
    };
    take();
    window.addEventListener('hashchange', take);
    return () => window.removeEventListener('hashchange', take);
  }, [name]);
  return secret;
}
