//! Lists the files of the page, so that the program carries them.
//!
//! `web/dist` is made by `npm run build` in `web/`; without it the program is built just the same
//! and says how to get the page. A file and its Brotli twin (`.br`) become one entry.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let dist = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../web/dist");
    let mut files = Vec::new();
    if dist.is_dir() {
        println!("cargo::rerun-if-changed={}", dist.display());
        collect(&dist, &mut files)?;
    }
    files.sort();
    let entries: Vec<String> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension != "br"))
        .map(|file| entry(&dist, file))
        .collect::<io::Result<_>>()?;
    let list = format!("&[\n{}]\n", entries.concat());
    fs::write(Path::new(&variable("OUT_DIR")).join("page_files.rs"), list)
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it for build scripts")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            files.push(path);
        }
    }
    Ok(())
}

/// One entry of the list, as Rust code.
fn entry(dist: &Path, file: &Path) -> io::Result<String> {
    let path = file.strip_prefix(dist).expect("it was found below it").to_string_lossy().replace('\\', "/");
    let mut hasher = DefaultHasher::new();
    fs::read(file)?.hash(&mut hasher);
    let twin = PathBuf::from(format!("{}.br", file.display()));
    let brotli = if twin.is_file() { format!("Some(include_bytes!({twin:?}))") } else { "None".to_owned() };
    Ok(format!(
        "    File {{ path: {path:?}, tag: \"\\\"{:016x}\\\"\", plain: include_bytes!({file:?}), brotli: {brotli} }},\n",
        hasher.finish(),
    ))
}
