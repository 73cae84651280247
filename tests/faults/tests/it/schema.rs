//! Ten processes bring the schema up to date at once; a program meets a newer schema than its own.

use faults::cluster::scoring_program;
use futures_util::future::join_all;
use servers::postgres::Postgres;
use sqlx::{Connection as _, PgConnection, Row as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_that_migrate_at_once_one_does_and_all_succeed() {
    let postgres = Postgres::start();
    let migrating = (0..10).map(|_| async {
        let mut migrate = scoring_program(&[("LEDGER_URL", postgres.url())]).unwrap();
        migrate.arg("migrate").output().await.unwrap()
    });
    for migrated in join_all(migrating).await {
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    }
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let counted = "SELECT count(*) AS steps, count(DISTINCT version) AS versions FROM schema_version";
    let counted = sqlx::query(counted).fetch_one(&mut connection).await.unwrap();
    let (steps, versions): (i64, i64) = (counted.get("steps"), counted.get("versions"));
    assert!(steps > 0 && steps == versions, "{steps} steps to {versions} versions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_than_the_programs_is_refused_in_one_sentence() {
    let postgres = Postgres::start();
    let settings = [("LEDGER_URL", postgres.url()), ("SCORING_LISTEN", "127.0.0.1:0".to_owned())];
    let migrated = scoring_program(&settings).unwrap().arg("migrate").status().await.unwrap();
    assert!(migrated.success());
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    sqlx::query("INSERT INTO schema_version VALUES (1000)").execute(&mut connection).await.unwrap();
    for command in ["serve", "migrate"] {
        let refused = scoring_program(&settings).unwrap().arg(command).output().await.unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success(), "{command} goes on");
        assert!(said.contains("newer schema") && said.trim().lines().count() == 1, "{command} said {said}");
    }
}
