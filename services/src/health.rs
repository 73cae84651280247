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

    /// The service stops.
    pub async fn stopping(&self) {
        self.all(ServingStatus::NotServing).await;
    }

    /// Reports one part by its own name; nothing balances on it.
    pub async fn part(&self, name: &str, is_up: bool) {
        let status = if is_up { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(name, status).await;
    }

    async fn all(&self, status: ServingStatus) {
        for service in std::iter::once(&"").chain(self.services) {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
