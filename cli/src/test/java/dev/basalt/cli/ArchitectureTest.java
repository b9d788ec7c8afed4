// SPDX-License-Identifier: Apache-2.0
package dev.basalt.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The rules between the modules that the compiler does not hold. */
class ArchitectureTest {
  /** Lowest first: a module may use those before it only. */
  private static final List<String> LAYERS =
      List.of("linux", "spdk", "iostack", "bufferpool", "index", "engine", "cli");

  /** Methods the Java platform calls restricted: wrong use crashes the JVM. */
  private static final Set<String> RESTRICTED =
      Set.of(
          "java.lang.foreign.Linker.downcallHandle",
          "java.lang.foreign.Linker.upcallStub",
          "java.lang.foreign.MemorySegment.reinterpret",
          "java.lang.foreign.SymbolLookup.libraryLookup",
          "java.lang.foreign.AddressLayout.withTargetLayout",
          "java.lang.System.load",
          "java.lang.System.loadLibrary",
          "java.lang.Runtime.load",
          "java.lang.Runtime.loadLibrary");

  /** Whatever would make a run depend on more than its seed. */
  private static final Set<String> OUTSIDE_THE_SEAM =
      Set.of(
          "java.lang.System.nanoTime",
          "java.lang.System.currentTimeMillis",
          "java.time.Instant.now",
          "java.lang.Math.random",
          "java.lang.Thread.start",
          "java.lang.Thread.sleep",
          "java.lang.Thread.join",
          "java.lang.Object.wait",
          "java.util.concurrent.ThreadLocalRandom.current",
          "java.util.concurrent.locks.LockSupport.park",
          "java.util.concurrent.locks.LockSupport.parkNanos");

  private static final JavaClasses CLASSES = importModules();

  @Test
  void shouldSeeAllModules() {
    Set<String> seen = new TreeSet<>();
    for (JavaClass type : CLASSES) {
      seen.add(layerOf(type));
    }
    assertEquals(new TreeSet<>(LAYERS), seen);
  }

  @Test
  void shouldUseLowerLayersOnly() {
    for (int i = 0; i < LAYERS.size(); i++) {
      for (String higher : LAYERS.subList(i + 1, LAYERS.size())) {
        noClasses()
            .that()
            .resideInAPackage(packageOf(LAYERS.get(i)))
            .should()
            .dependOnClassesThat()
            .resideInAPackage(packageOf(higher))
            .check(CLASSES);
      }
    }
  }

  @Test
  void shouldMakeRestrictedCallsInTheTwoLowestModulesOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackages(packageOf("linux"), packageOf("spdk"))
        .should()
        .accessTargetWhere(targetIn("restricted methods", RESTRICTED))
        .because("wrong use of them crashes the JVM, and native access is enabled for these only")
        .check(CLASSES);
  }

  @Test
  void shouldNotTouchTheInternalsOfTheJdk() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("sun..", "jdk.internal..")
        .check(CLASSES);
  }

  @Test
  void shouldNotKnowQueuePairsAboveThePool() {
    noClasses()
        .that()
        .resideInAnyPackage(packageOf("index"), packageOf("cli"))
        .and()
        .doNotHaveFullyQualifiedName("dev.basalt.cli.bench.DeviceLoad") // measures a device alone
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("dev.basalt.iostack.QueuePair")
        .check(CLASSES);
  }

  @Test
  void shouldReachClockThreadsAndChanceThroughTheSeamOnly() {
    seamRule().check(CLASSES);
  }

  @Test
  void shouldNameNothingAfterNothing() {
    for (String name : List.of("util", "utils", "common", "helper", "manager")) {
      noClasses().should().resideInAPackage(".." + name + "..").check(CLASSES);
    }
    noClasses().should().haveNameMatching(".*(Utils?|Helper|Manager|Impl)").check(CLASSES);
  }

  private static ArchRule seamRule() {
    return noClasses()
        .that()
        .resideInAnyPackage(
            packageOf("iostack"), packageOf("bufferpool"), packageOf("index"), packageOf("engine"))
        .and()
        .resideOutsideOfPackages("dev.basalt.iostack.agent..", "dev.basalt.iostack.sim..")
        .should()
        .accessTargetWhere(targetIn("clock, threads and chance", OUTSIDE_THE_SEAM))
        .because("the simulation replays a run by its seed only if nothing bypasses Execution");
  }

  private static DescribedPredicate<JavaAccess<?>> targetIn(String what, Set<String> methods) {
    return describe(
        what,
        access ->
            methods.contains(
                access.getTargetOwner().getName() + "." + access.getTarget().getName()));
  }

  private static String packageOf(String layer) {
    return "dev.basalt." + layer + "..";
  }

  private static String layerOf(JavaClass type) {
    String name = type.getPackageName().substring("dev.basalt.".length());
    int dot = name.indexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }

  private static JavaClasses importModules() {
    List<Location> locations =
        ModuleLayer.boot().configuration().modules().stream()
            .map(ResolvedModule::reference)
            .filter(reference -> reference.descriptor().name().startsWith("dev.basalt."))
            .map(ModuleReference::location)
            .flatMap(location -> location.stream())
            .map(Location::of)
            .toList();
    assertTrue(locations.size() >= LAYERS.size(), "modules seen: " + locations);
    return new ClassFileImporter()
        .withImportOption(location -> !location.contains("/test-classes/"))
        .importLocations(locations);
  }
}
