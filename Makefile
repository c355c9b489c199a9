# SPDX-License-Identifier: Apache-2.0
# Says what to do, and hands the targets of Makefile.apxs on.
help:
	@echo "mod_dygw, an Apache httpd module; README tells more."
	@echo
	@echo "  sh build/demo              builds, and redeems coupons through a private Apache"
	@echo "  sh build/check             builds, and runs all tests; sh build/check unit: some of them"
	@echo "  make all                   the modules, in .out (= make -f Makefile.apxs)"
	@echo "  make install               modules through apxs, the rest below PREFIX=/usr/local"
	@echo "  sh build/deb               Debian packages, in .out/deb"
	@echo
	@echo "One test by hand: mod_dygw/manual/architecture.md."

TARGETS := all unit db bench fuzz install clean tidy cppcheck
$(TARGETS):
	@$(MAKE) -f Makefile.apxs $@

.PHONY: help $(TARGETS)
