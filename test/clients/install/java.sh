# The newest Java clients of Maven Central, their jars side by side, and the programs of test/clients/java compiled; needs
# Maven and a JDK. Left out are native libraries that netty only goes faster with.
set -euo pipefail
sources="$(cd "$(dirname "$0")/../java" && pwd)"
artifacts=(
  com.azure:azure-identity
  com.azure:azure-security-keyvault-administration
  com.azure:azure-security-keyvault-keys
  com.microsoft.sqlserver:mssql-jdbc
)
rm -rf "$CLIENTS/versions/java" "$CLIENTS/java/lib" "$CLIENTS/java/classes"
mkdir -p "$CLIENTS/java"
cd "$CLIENTS/java"
# A repository of its own: what it says of an artifact's versions is read below.
maven() {
  mvn --batch-mode --quiet --update-snapshots -Dstyle.color=never "-Dmaven.repo.local=$PWD/repository" "$@"
}

# The newest release. The driver comes once for each Java; jre11 is the newest.
newest_of() {
  sed -nE 's|^ *<version>([0-9.]+(\.jre11)?)</version>.*|\1|p' "repository/${1//[.:]//}"/maven-metadata-*.xml | sort -V | tail -n 1
}

# Downloads all of them; a version is RELEASE or `newest`.
download() {
  rm -rf lib
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>strongroom</groupId><artifactId>clients</artifactId><version>1</version><dependencies>'
    for artifact in "${artifacts[@]}"; do
      echo "<dependency><groupId>${artifact%:*}</groupId><artifactId>${artifact#*:}</artifactId>"
      if [ "$1" = newest ]; then echo "<version>$(newest_of "$artifact")</version>"; else echo "<version>$1</version>"; fi
      echo '<exclusions>'
      for native in codec-native-quic transport-native-epoll transport-native-kqueue resolver-dns-native-macos; do
        echo "<exclusion><groupId>io.netty</groupId><artifactId>netty-$native</artifactId></exclusion>"
      done
      echo '</exclusions></dependency>'
    done
    echo '</dependencies></project>'
  } >pom.xml
  maven dependency:copy-dependencies -DoutputDirectory=lib
}

has_newest() {
  for artifact in "${artifacts[@]}"; do [ -f "lib/${artifact#*:}-$(newest_of "$artifact").jar" ] || return 1; done
}

# What Maven calls RELEASE was uploaded last and may be a preview.
download RELEASE
has_newest || download newest
has_newest
javac -proc:none -cp 'lib/*' -d classes "$sources"/*.java
for artifact in "${artifacts[@]}"; do echo "$artifact==$(newest_of "$artifact")"; done >versions
mv versions "$CLIENTS/versions/java"
