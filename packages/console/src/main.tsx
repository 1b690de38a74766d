import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { onSignedOut } from './api/client.ts';
import { newQueryClient, sessionQuery } from './api/queries.ts';
import { newRouter } from './router.tsx';

const queryClient = newQueryClient();
const router = newRouter(queryClient);

// Whatever asks first after the session has ended leads to the sign-in, and back to the same address afterwards.
onSignedOut(() => {
  queryClient.removeQueries(sessionQuery);
  const { pathname, href } = router.latestLocation;
  if (pathname === '/sign-in' || pathname === '/setup') return;
  void router.navigate({ to: '/sign-in', search: { to: href }, replace: true });
});

const place = document.getElementById('console');
if (place)
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
