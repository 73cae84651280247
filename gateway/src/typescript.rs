//! Our JSON as TypeScript, written into the sources of the page.
//!
//! A file that has drifted away from the types here is mended and the test fails, so that somebody
//! looks at the change. Which types there are is said by the rooms that have them.

use std::{
    any::TypeId,
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::Path,
};

use ts_rs::{Config, TS, TypeVisitor};

/// Declarations, by name: a derived type does not always tell of its parts in the same order.
pub(crate) struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    /// Declared in another file.
    elsewhere: BTreeSet<String>,
    imported: BTreeSet<String>,
    declared: BTreeMap<String, String>,
}

impl Declarations {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::beside(BTreeSet::new())
    }

    /// None yet, in a file that imports what has one of these names.
    pub(crate) fn beside(elsewhere: BTreeSet<String>) -> Self {
        Self {
            config: Config::new().with_large_int("number"),
            seen: HashSet::new(),
            elsewhere,
            imported: BTreeSet::new(),
            declared: BTreeMap::new(),
        }
    }

    /// Adds a type with all that it builds upon.
    pub(crate) fn with<T: TS + 'static>(mut self) -> Self {
        self.visit::<T>();
        self
    }

    /// The names of the types.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.declared.keys().cloned().collect()
    }

    /// Makes sure that a file below `web/` holds exactly these.
    pub(crate) fn keep(self, file: &str, imports_from: &str) {
        let names: Vec<String> = self.imported.into_iter().collect();
        let imports = match names.as_slice() {
            [] => String::new(),
            names => format!("import type {{ {} }} from '{imports_from}';\n\n", names.join(", ")),
        };
        let declarations: Vec<String> = self.declared.into_values().collect();
        keep(file, &format!("{imports}{}", declarations.concat()));
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_generics(self);
        let is_built_in = T::output_path().is_none();
        let name = T::ident(&self.config);
        if self.elsewhere.contains(&name) {
            self.imported.insert(name);
            return;
        }
        T::visit_dependencies(self);
        if !is_built_in {
            let docs = T::docs().unwrap_or_default();
            self.declared.insert(name, format!("{docs}export {}\n\n", T::decl(&self.config)));
        }
    }
}

/// Makes sure that a file below `web/` holds exactly this text.
pub(crate) fn keep(file: &str, text: &str) {
    let text = format!("// Written by the gateway's tests. Not by hand.\n\n{}\n", text.trim_end());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web").join(file);
    if fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    panic!("web/{file} was not what the gateway says. It is now: look at the change and commit it");
}
