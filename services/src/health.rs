//! `grpc.health.v1`: not serving before the first contact with what a service needs, serving
//! from then on, and not serving again once it stops.

use tonic_health::{
    ServingStatus, pb::health_server::HealthServer, server::HealthReporter, server::HealthService,
};

/// Reports the health of a service and of its parts.
#[derive(Clone, Debug)]
pub struct Health {
    reporter: HealthReporter,
    services: &'static [&'static str],
}

impl Health {
    /// Starts with `""` and each of `services` not serving. Gives the gRPC service to mount.
    pub async fn new(services: &'static [&'static str]) -> (Self, HealthServer<HealthService>) {
        let reporter = HealthReporter::new();
        let server = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
        let health = Self { reporter, services };
        health.all(ServingStatus::NotServing).await;
        (health, server)
    }

    /// The service can do its work.
    pub async fn serving(&self) {
        self.all(ServingStatus::Serving).await;
    }

    /// The service stops. Whoever watches hears so, and then the end of the stream, which would
    /// otherwise keep the server up.
    pub async fn stopping(&self) {
        self.all(ServingStatus::NotServing).await;
        let mut reporter = self.reporter.clone();
        for service in self.names() {
            reporter.clear_service_status(service).await;
        }
        self.all(ServingStatus::NotServing).await;
    }

    /// Reports one part by its own name; nothing balances on it.
    pub async fn part(&self, name: &str, is_up: bool) {
        let status = if is_up { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(name, status).await;
    }

    async fn all(&self, status: ServingStatus) {
        for service in self.names() {
            self.reporter.set_service_status(service, status).await;
        }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once("").chain(self.services.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tonic::Request;
    use tonic_health::pb::{
        HealthCheckRequest, health_check_response::ServingStatus as Said, health_server::Health as _,
    };

    use super::*;

    fn whole() -> Request<HealthCheckRequest> {
        Request::new(HealthCheckRequest::default())
    }

    #[tokio::test]
    async fn whoever_watches_a_service_that_stops_hears_so_and_then_nothing_more() {
        let reporter = HealthReporter::new();
        let service = HealthService::from_health_reporter(reporter.clone());
        let health = Health { reporter, services: &["quizzes"] };
        health.serving().await;
        let mut watched = service.watch(whole()).await.unwrap().into_inner();
        assert_eq!(watched.next().await.unwrap().unwrap().status(), Said::Serving);
        health.stopping().await;
        assert_eq!(watched.next().await.unwrap().unwrap().status(), Said::NotServing);
        assert!(watched.next().await.is_none());
        assert_eq!(service.check(whole()).await.unwrap().into_inner().status(), Said::NotServing);
    }
}
