//! Every refusal, with a real file.

mod compiler;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audithook_bus::Bus;
use audithook_loader::{
    Attachment, CreateError, Digest, Instance, LoadError, Plugin, ReportError, SearchPath, Spec,
};
use tempfile::TempDir;

/// A directory that nobody else may write.
fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn load(path: &Path) -> Result<Plugin, LoadError> {
    Plugin::load(&Spec::at("broken", path), &SearchPath::default())
}

/// The message and the hint, with the directory's name taken out.
fn words(directory: &Path, error: &LoadError) -> String {
    let directory = directory.canonicalize().expect("it exists");
    let mut words = error.to_string();
    if let Some(hint) = error.hint() {
        words = format!("{words}\n\nhint: {hint}");
    }
    words.replace(&directory.display().to_string(), "DIR")
}

/// What is said about `broken.c`, built with these options; `None` without a C compiler.
fn refusal_of(options: &[&str]) -> Option<String> {
    let directory = directory();
    let library = compiler::build("broken.c", options, directory.path(), "libbroken.so")?;
    let error = load(&library).expect_err("a refusal");
    Some(words(directory.path(), &error))
}

macro_rules! refused {
    ([$($option:literal),*], @$snapshot:literal) => {
        if let Some(words) = refusal_of(&[$($option),*]) {
            insta::assert_snapshot!(words, @$snapshot);
        }
    };
}

/// A library with nothing wrong; `None` without a C compiler.
fn sound(directory: &TempDir) -> Option<PathBuf> {
    compiler::build("broken.c", &[], directory.path(), "libbroken.so")
}

#[test]
fn a_plugin_that_is_nowhere_lists_where_it_was_looked_for() {
    let search = SearchPath::default()
        .with("/nonexistent/one", "AUDITHOOK_PLUGIN_PATH")
        .with("/nonexistent/two", "beside the executable");
    let error = Plugin::load(&Spec::named("port-limit"), &search).unwrap_err();
    insta::assert_snapshot!(words(Path::new("/usr"), &error), @r"
    cannot load plugin: `port-limit`: not found: looked for `libport_limit.so` and `libport-limit.so` in
      `/nonexistent/one` (AUDITHOOK_PLUGIN_PATH)
      `/nonexistent/two` (beside the executable)

    hint: put the file into one of these directories, or name it with `path` in `[plugin.port-limit]`
    ");
}

#[test]
fn a_name_that_leads_elsewhere_is_no_name() {
    for name in ["", "../x", "A", "a/b", "1a", "a b", &"a".repeat(65)] {
        let error = Plugin::load(&Spec::named(name), &SearchPath::default()).unwrap_err();
        assert!(error.to_string().contains("not a plugin's name"), "{error}");
    }
}

#[test]
fn a_path_that_does_not_exist_is_refused() {
    let directory = directory();
    let error = load(&directory.path().join("libbroken.so")).unwrap_err();
    insta::assert_snapshot!(words(directory.path(), &error), @"cannot load plugin: `broken`: `DIR/libbroken.so`: cannot be read: no such file or directory");
    let error = load(directory.path()).unwrap_err();
    insta::assert_snapshot!(words(directory.path(), &error), @"cannot load plugin: `broken`: `DIR`: not a regular file");
}

#[test]
fn a_file_that_everybody_may_write_is_refused() {
    let directory = directory();
    let Some(library) = sound(&directory) else {
        return;
    };
    fs::set_permissions(&library, Permissions::from_mode(0o666)).unwrap();
    let error = load(&library).unwrap_err();
    insta::assert_snapshot!(words(directory.path(), &error), @r"
    cannot load plugin: `broken`: `DIR/libbroken.so`: everybody may write: `DIR/libbroken.so`

    hint: chmod o-w DIR/libbroken.so
    ");
}

#[test]
fn a_directory_that_everybody_may_write_is_refused_even_if_it_is_sticky() {
    let directory = directory();
    let Some(library) = sound(&directory) else {
        return;
    };
    for mode in [0o777, 0o1777] {
        fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
        let error = load(&library).unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(words(directory.path(), &error), @r"
            cannot load plugin: `broken`: `DIR/libbroken.so`: everybody may write: `DIR`

            hint: chmod o-w DIR
            ");
        }
    }
}

#[test]
fn a_directory_above_that_everybody_may_write_is_refused_unless_it_is_sticky() {
    let directory = directory();
    let below = directory.path().join("below");
    fs::create_dir(&below).unwrap();
    let Some(library) = compiler::build("broken.c", &[], &below, "libbroken.so") else {
        return;
    };
    fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(
        load(&library)
            .unwrap_err()
            .to_string()
            .contains("everybody may write")
    );
    fs::set_permissions(directory.path(), Permissions::from_mode(0o1777)).unwrap();
    assert!(load(&library).is_ok());
}

#[test]
fn a_symlink_is_judged_by_where_it_leads() {
    let (directory, open) = (directory(), directory());
    let Some(library) = sound(&open) else {
        return;
    };
    let link = directory.path().join("libbroken.so");
    std::os::unix::fs::symlink(&library, &link).unwrap();
    assert!(load(&link).is_ok());
    fs::set_permissions(open.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(load(&link).is_err());
}

#[test]
fn what_is_no_library_for_this_machine_is_named() {
    let directory = directory();
    let path = directory.path().join("libbroken.so");
    let refused = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        words(directory.path(), &load(&path).unwrap_err())
    };
    insta::assert_snapshot!(refused(b""), @"cannot load plugin: `broken`: `DIR/libbroken.so`: not an ELF file");
    insta::assert_snapshot!(refused(b"#!/bin/sh\n"), @"cannot load plugin: `broken`: `DIR/libbroken.so`: not an ELF file");
    let Some(library) = compiler::build("broken.c", &[], directory.path(), "sound.so") else {
        return;
    };
    let sound = fs::read(library).unwrap();
    let mut other = sound.clone();
    other[18..20].copy_from_slice(&40u16.to_le_bytes());
    insta::assert_snapshot!(refused(&other), @r"
    cannot load plugin: `broken`: `DIR/libbroken.so`: built for ARM, this is x86-64

    hint: build the plugin for this machine
    ");
    let mut program = sound.clone();
    program[16] = 2;
    insta::assert_snapshot!(refused(&program), @"cannot load plugin: `broken`: `DIR/libbroken.so`: an ELF file, but no shared library: a program");
    for cut in (1..8).map(|eighth| sound.len() * eighth / 8) {
        assert!(load_cut(&path, &sound[..cut]), "{cut}");
    }
}

/// Whether a library that was cut off is refused rather than died of.
fn load_cut(path: &Path, content: &[u8]) -> bool {
    fs::write(path, content).unwrap();
    load(path).is_err()
}

#[test]
fn a_pin_that_does_not_match_shows_both_and_one_that_does_loads() {
    let directory = directory();
    let path = directory.path().join("libbroken.so");
    let Some(library) = sound(&directory) else {
        return;
    };
    let wrong: Digest = "0".repeat(64).parse().unwrap();
    let spec = Spec {
        sha256: Some(wrong),
        ..Spec::at("broken", &library)
    };
    let error = Plugin::load(&spec, &SearchPath::default()).unwrap_err();
    let plugin = load(&path).unwrap();
    let right = plugin.digest().unwrap();
    insta::assert_snapshot!(words(directory.path(), &error).replace(&right.to_string(), "FOUND"), @r#"
    cannot load plugin: `broken`: `DIR/libbroken.so`: its content is not the pinned one: sha256 `FOUND`, pinned `0000000000000000000000000000000000000000000000000000000000000000`

    hint: if this file is the one you mean: sha256 = "FOUND"
    "#);
    let spec = Spec {
        sha256: Some(right),
        digest: false,
        ..Spec::at("broken", &library)
    };
    let again = Plugin::load(&spec, &SearchPath::default()).unwrap();
    assert_eq!(again.digest(), Some(right));
    let unhashed = Spec {
        digest: false,
        ..Spec::at("broken", &library)
    };
    assert_eq!(
        Plugin::load(&unhashed, &SearchPath::default())
            .unwrap()
            .digest(),
        None
    );
}

#[test]
fn a_file_is_examined_as_it_is_loaded_and_nothing_of_it_runs() {
    let directory = directory();
    let Some(library) = sound(&directory) else {
        return;
    };
    let examine = |spec: &Spec<'_>| Plugin::examine(spec, &SearchPath::default());
    let link = directory.path().join("link.so");
    std::os::unix::fs::symlink(&library, &link).unwrap();
    let examined = examine(&Spec::at("broken", &link)).unwrap();
    assert_eq!(examined.path, library.canonicalize().unwrap());
    // A library that was loaded could not be loaded again with another content.
    let mut content = fs::read(&library).unwrap();
    content.push(0);
    fs::write(&library, content).unwrap();
    let error = examine(&Spec {
        sha256: examined.digest,
        ..Spec::at("broken", &link)
    });
    assert!(error.is_err(), "{error:?}");
    let loaded = load(&library).unwrap();
    assert_ne!(loaded.digest(), examined.digest);
}

#[test]
fn a_file_that_changed_after_it_was_loaded_is_refused() {
    let directory = directory();
    let Some(library) = sound(&directory) else {
        return;
    };
    load(&library).unwrap();
    load(&library).expect("the same file is the same plugin");
    // A new file in its place, as an installation does it: the old mapping stays whole.
    let Some(new) = compiler::build("broken.c", &["-DN_HOOKS=1"], directory.path(), "new.so")
    else {
        return;
    };
    fs::rename(new, &library).unwrap();
    let error = load(&library).unwrap_err();
    insta::assert_snapshot!(words(directory.path(), &error), @r"
    cannot load plugin: `broken`: `DIR/libbroken.so`: the file changed since this process loaded it

    hint: a loaded library stays what it was: start again to load the new one
    ");
}

#[test]
fn what_the_dynamic_linker_or_the_entry_refuses_is_told() {
    refused!(["-DUNDEFINED_SYMBOL"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: the dynamic linker refuses it: DIR/libbroken.so: undefined symbol: a_function_that_nobody_has");
    refused!(["-DNO_ENTRY"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: not a plugin: it exports no `audithook_plugin_entry`");
    refused!(["-DOFFERS_NOTHING"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: it offers nothing for ABI major version 1");
}

#[test]
fn other_versions_of_the_abi_are_refused_with_both_numbers() {
    refused!(["-DMAJOR=2", "-DMINOR=3"], @r"
    cannot load plugin: `broken`: `DIR/libbroken.so`: built for ABI 2.3, this is 1.0

    hint: update audithook, or take an older version of the plugin
    ");
    refused!(["-DMAJOR=0", "-DMINOR=9"], @r"
    cannot load plugin: `broken`: `DIR/libbroken.so`: built for ABI 0.9, this is 1.0

    hint: build the plugin again with today's SDK or header
    ");
    refused!(["-DMINOR=9", "-DMIN_MINOR=7"], @r"
    cannot load plugin: `broken`: `DIR/libbroken.so`: needs at least ABI 1.7, this is 1.0

    hint: update audithook, or take an older version of the plugin
    ");
}

#[test]
fn a_plugin_of_a_later_minor_version_that_can_live_with_this_one_loads() {
    let directory = directory();
    let options = ["-DMINOR=9", "-DMIN_MINOR=0"];
    if let Some(library) = compiler::build("broken.c", &options, directory.path(), "libbroken.so") {
        assert_eq!(load(&library).unwrap().info().abi, (1, 9));
    }
}

#[test]
fn broken_descriptors_are_told_apart() {
    refused!(["-DMAGIC=0x12345678"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: not a plugin: its descriptor starts with `0x12345678`");
    refused!(["-DSIZE=100"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `ah_plugin` has 100 bytes of at least 192");
    refused!(["-DNAME=\"other\""], @r"
    cannot load plugin: `broken`: `DIR/libbroken.so`: it is the plugin `other`

    hint: call the table `[plugin.other]`
    ");
    refused!(["-DNAME=\"Not A Name\""], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `name` is no name: `Not A Name` (1 to 64 of `a-z 0-9 - _`, a letter first)");
    refused!(["-DNAME=\"caf\\xe9\""], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `name` is not UTF-8");
    refused!(["-DVERSION={NULL,5}"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `version` is NULL");
    refused!(["-DVERSION={NULL,99999}"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `version` has 99999 bytes of at most 64");
    refused!(["-DCREATE=NULL"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `create` is NULL");
    refused!(["-DDETACH=NULL"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `attach` or `detach` is NULL");
}

#[test]
fn broken_hooks_are_told_apart() {
    refused!(["-DHOOKS=NULL"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: the array of `ah_hook` is NULL or odd");
    refused!(["-DN_HOOKS=1000000"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: 1000000 `ah_hook` of at most 256");
    refused!(["-DSTRIDE=8"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: the stride of `ah_hook` is 8");
    refused!(["-DSTRIDE=97"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: the stride of `ah_hook` is 97");
    refused!(["-DHOOK_SIZE=4"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `ah_hook` has 4 bytes of at least 96");
    refused!(["-DHOOK_SIZE=104"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `ah_hook` 0 has 104 bytes, the stride is 96");
    refused!(["-DHOOK_NAME=\"check\""], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: two hooks are called `check`");
    refused!(["-DHOOK_NAME=\"\""], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `a hook's name` is no name: `` (1 to 64 of `a-z 0-9 - _`, a letter first)");
    refused!(["-DGATE=NULL"], @"cannot load plugin: `broken`: `DIR/libbroken.so`: broken descriptor: `gate` of hook `check` is NULL");
}

/// What an instance of `broken.c`, built with these options, answers; `None` without a C compiler.
fn created(options: &[&str]) -> Option<Result<Instance, CreateError>> {
    let directory = directory();
    let library = compiler::build("broken.c", options, directory.path(), "libbroken.so")?;
    let plugin = load(&library).expect("the descriptor is good");
    Some(plugin.create(Arc::new(Bus::new()), "{}"))
}

#[test]
fn what_create_and_attach_answer_is_not_believed() {
    let said = |options: &[&str]| match created(options) {
        Some(Err(error)) => error.to_string(),
        Some(Ok(_)) => "created".to_owned(),
        None => String::new(),
    };
    if created(&[]).is_none() {
        return;
    }
    insta::assert_snapshot!(said(&["-DINSTANCE=NULL"]), @"plugin `broken` cannot be made: it returned no instance");
    insta::assert_snapshot!(said(&["-DANSWER=AH_BAD_ARG"]), @"plugin `broken` refuses its configuration: no reason given");
    insta::assert_snapshot!(said(&["-DANSWER=AH_ERROR"]), @"plugin `broken` cannot be made: no reason given");
    insta::assert_snapshot!(said(&["-DANSWER=AH_PANIC"]), @"plugin `broken` cannot be made: it panicked");
    insta::assert_snapshot!(said(&["-DANSWER=AH_NOMEM"]), @"plugin `broken` cannot be made: out of memory");
    insta::assert_snapshot!(said(&["-DANSWER=3"]), @"plugin `broken` cannot be made: it returned 3, which the ABI does not know");
    insta::assert_snapshot!(said(&["-DANSWER=-8"]), @"plugin `broken` cannot be made: it returned -8, which the ABI does not know");

    let instance = created(&["-DATTACHMENT=NULL"]).unwrap().unwrap();
    let error = instance.attach(&Attachment::new("check")).unwrap_err();
    insta::assert_snapshot!(error, @"`broken.check` cannot be attached: it returned no attachment");
}

#[test]
fn a_hook_that_is_not_offered_names_the_nearest() {
    let Some(instance) = created(&[]) else {
        return;
    };
    let instance = instance.unwrap();
    let refused = |function| {
        let error = instance.attach(&Attachment::new(function)).unwrap_err();
        format!("{error}\n\nhint: {}", error.hint().unwrap_or_default())
    };
    insta::assert_snapshot!(refused("chekc"), @r"
    plugin `broken` offers no hook: `chekc`

    hint: did you mean `broken.check`?
    ");
    insta::assert_snapshot!(refused("observe-all"), @r"
    plugin `broken` offers no hook: `observe-all`

    hint: it offers `check`, `other`
    ");
    let none = created(&["-DN_HOOKS=0"]).unwrap().unwrap();
    let error = none.attach(&Attachment::new("check")).unwrap_err();
    assert_eq!(
        (error.hint(), error.to_string()),
        (None, "plugin `broken` offers no hook: `check`".into())
    );
}

#[test]
fn broken_reports_are_borne() {
    let Some(endless) = created(&["-DINTERFACE=&report"]) else {
        return;
    };
    let endless = endless.unwrap();
    assert_eq!(endless.report(), Err(ReportError::TooLarge));
    assert!(matches!(
        endless.report_json(),
        Err(ReportError::NotJson(_))
    ));
    let short = created(&["-DINTERFACE=&short_report"]).unwrap().unwrap();
    insta::assert_snapshot!(short.report().unwrap_err(), @"broken interface `audithook.report/1`: it is smaller than version 1.0 made it");
    let odd = created(&["-DINTERFACE=(const char*)&report+1"])
        .unwrap()
        .unwrap();
    insta::assert_snapshot!(odd.report().unwrap_err(), @"broken interface `audithook.report/1`: its address is odd");
    assert_eq!(created(&[]).unwrap().unwrap().report(), Ok(None));
}
