//! Which interpreters the other tests run on.

use audithook_tests::python;

#[test]
fn the_tests_say_which_interpreters_run_and_which_are_missing() {
    python::announce();
    assert!(
        !python::all().is_empty(),
        "no CPython from 3.8 on was found: nothing would be proven"
    );
}
