/** Which page stands behind which address. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { Link, Route, Switch } from 'wouter';
import { Refusal } from './api/http';
import { useUser } from './auth/session';
import { WebSocketProvider } from './contexts/WebSocketContext';
import { HomePage } from './home/HomePage';
import { QuizPage } from './quiz/QuizPage';
import { Layout } from './ui/Layout';
import { Notifications } from './ui/notifications';
import { Empty, Loading } from './ui/states';

const SubjectsPage = lazy(() => import('./subjects/SubjectsPage'));
const MePage = lazy(() => import('./me/MePage'));
const HostPage = lazy(() => import('./host/HostPage'));
const DeskPage = lazy(() => import('./host/DeskPage'));
const ScreenPage = lazy(() => import('./screen/ScreenPage'));

/** A cache in which what is known stays until something newer is. */
export function newCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (tries, error) => tries < 2 && (!(error instanceof Refusal) || error.isPassing),
        refetchOnWindowFocus: 'always',
      },
    },
  });
}

export function App({ cache }: { cache: QueryClient }) {
  return (
    <QueryClientProvider client={cache}>
      <Notifications>
        <WebSocketProvider>
          <ForgetOnSignOut cache={cache} />
          <Switch>
            <Route path="/host/:id/screen">
              <Suspense fallback={<Loading what="the big screen" />}>
                <ScreenPage />
              </Suspense>
            </Route>
            <Route>
              <Layout>
                <Suspense fallback={<Loading what="the page" />}>
                  <Pages />
                </Suspense>
              </Layout>
            </Route>
          </Switch>
        </WebSocketProvider>
      </Notifications>
    </QueryClientProvider>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={HomePage} />
      <Route path="/quizzes/:id" component={QuizPage} />
      <Route path="/leaderboard" component={SubjectsPage} />
      <Route path="/me" component={MePage} />
      <Route path="/host" component={HostPage} />
      <Route path="/host/:id" component={DeskPage} />
      <Route>
        <Empty>
          <h1>There is nothing here</h1>
          <Link href="/" className="button">
            To the first page
          </Link>
        </Empty>
      </Route>
    </Switch>
  );
}

/** What one user has seen for itself is not for the next one. */
function ForgetOnSignOut({ cache }: { cache: QueryClient }) {
  const id = useUser()?.id;
  useEffect(() => {
    if (!id) return undefined;
    return () => {
      for (const queryKey of PRIVATE) cache.removeQueries({ queryKey });
      cache.removeQueries({
        predicate: ({ queryKey }) => PRIVATE_PARTS.some((part) => queryKey.includes(part)),
      });
    };
  }, [cache, id]);
  return null;
}

const PRIVATE = [['me'], ['host']];
const PRIVATE_PARTS = ['around-me', 'seat-of'];
