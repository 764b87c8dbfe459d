"""Which Maven group well-known archives belong to that do not carry Maven's own metadata.

They are built by Gradle, Ant or sbt. A row is believed only when the archive holds the row's folder
of classes, so that a file of the same name from elsewhere is not taken for the library. Facts from
the artifacts' own pages on Maven Central.
"""

import re
from collections.abc import Callable

import msgspec


class Row(msgspec.Struct, frozen=True):
    """Artifacts of a group: exact names, or `prefix*`; `folder` holds (some of) their classes."""

    group: str
    folder: str
    artifacts: str


_ROWS = (
    # Spring (Gradle)
    Row(
        "org.springframework",
        "org/springframework",
        "spring spring-aop spring-aspects spring-beans spring-context spring-context-indexer"
        " spring-context-support spring-core spring-core-test spring-expression spring-instrument"
        " spring-jcl spring-jdbc spring-jms spring-messaging spring-orm spring-oxm spring-r2dbc"
        " spring-test spring-tx spring-web spring-webflux spring-webmvc spring-webmvc-portlet"
        " spring-websocket spring-struts spring-binding",
    ),
    Row("org.springframework.boot", "org/springframework/boot", "spring-boot spring-boot-*"),
    Row(
        "org.springframework.security",
        "org/springframework/security",
        "spring-security-acl spring-security-aspects spring-security-cas spring-security-config"
        " spring-security-core spring-security-crypto spring-security-data spring-security-ldap"
        " spring-security-messaging spring-security-oauth2-* spring-security-openid"
        " spring-security-remoting spring-security-rsocket spring-security-saml2-*"
        " spring-security-taglibs spring-security-test spring-security-web",
    ),
    Row("org.springframework.security", "org/springframework/security", "spring-security-access"),
    Row(
        "org.springframework.integration", "org/springframework/integration", "spring-integration-*"
    ),
    Row("org.springframework.amqp", "org/springframework/amqp", "spring-amqp spring-rabbit*"),
    Row("org.springframework.kafka", "org/springframework/kafka", "spring-kafka spring-kafka-test"),
    Row("org.springframework.session", "org/springframework/session", "spring-session-*"),
    Row("org.springframework.ldap", "org/springframework/ldap", "spring-ldap-*"),
    Row("org.springframework.retry", "org/springframework/retry", "spring-retry"),
    Row("org.springframework.graphql", "org/springframework/graphql", "spring-graphql"),
    Row("org.springframework.webflow", "org/springframework", "spring-webflow spring-js"),
    Row("org.springframework.hateoas", "org/springframework/hateoas", "spring-hateoas"),
    Row("org.springframework.batch", "org/springframework/batch", "spring-batch-*"),
    # Tomcat (Ant); the distribution's own archives carry no version in their names
    Row("org.apache.tomcat.embed", "org/apache", "tomcat-embed-*"),
    Row(
        "org.apache.tomcat",
        "org/apache",
        "tomcat-annotations-api tomcat-api tomcat-catalina tomcat-catalina-* tomcat-coyote"
        " tomcat-coyote-ffm tomcat-dbcp tomcat-jasper tomcat-jasper-el tomcat-jaspic-api"
        " tomcat-jdbc tomcat-jni tomcat-juli tomcat-ssi tomcat-storeconfig tomcat-tribes"
        " tomcat-util tomcat-util-scan tomcat-websocket tomcat-websocket-api tomcat-i18n-*",
    ),
    Row("org.apache.tomcat", "javax", "tomcat-el-api tomcat-jsp-api tomcat-servlet-api"),
    Row("org.apache.tomcat", "jakarta", "tomcat-el-api tomcat-jsp-api tomcat-servlet-api"),
    # Apache projects built by Ant or Gradle
    Row("org.apache.ant", "org/apache/tools/ant", "ant ant-*"),
    Row("org.apache.kafka", "org/apache/kafka", "kafka-* connect-*"),
    Row("org.apache.kafka", "kafka", "kafka_*"),
    Row("org.apache.lucene", "org/apache/lucene", "lucene-*"),
    Row("org.apache.solr", "org/apache/solr", "solr-*"),
    Row("org.apache.velocity", "org/apache/velocity", "velocity"),
    Row("org.apache.cassandra", "org/apache/cassandra", "apache-cassandra cassandra-all"),
    Row("org.apache.ivy", "org/apache/ivy", "ivy"),
    Row(
        "org.apache.derby", "org/apache/derby", "derby derbyclient derbynet derbytools derbyshared"
    ),
    Row("org.apache.poi", "org/apache/poi", "poi poi-*"),
    Row("org.apache.xmlbeans", "org/apache/xmlbeans", "xmlbeans"),
    Row("org.apache.xmlgraphics", "org/apache/batik", "batik-*"),
    Row("org.apache.xmlgraphics", "org/apache/fop", "fop fop-*"),
    Row("org.apache.beam", "org/apache/beam", "beam-*"),
    Row("org.apache.geode", "org/apache/geode", "geode-*"),
    Row("org.apache.groovy", "org/apache/groovy", "groovy-* groovy"),
    Row("org.codehaus.groovy", "org/codehaus/groovy", "groovy groovy-* groovy-all"),
    Row("org.apache.zookeeper", "org/apache/zookeeper", "zookeeper"),
    Row("org.apache.jmeter", "org/apache/jmeter", "ApacheJMeter*"),
    Row("org.apache.pekko", "org/apache/pekko", "pekko-*"),
    Row("org.apache.spark", "org/apache/spark", "spark-*"),
    Row("org.apache.axis", "org/apache/axis", "axis axis-*"),
    Row("org.apache.hadoop", "org/apache/hadoop", "hadoop-*"),
    # Groups that equal their artifact
    Row("commons-beanutils", "org/apache/commons/beanutils", "commons-beanutils"),
    Row("commons-codec", "org/apache/commons/codec", "commons-codec"),
    Row("commons-collections", "org/apache/commons/collections", "commons-collections"),
    Row("commons-configuration", "org/apache/commons/configuration", "commons-configuration"),
    Row("commons-dbcp", "org/apache/commons/dbcp", "commons-dbcp"),
    Row("commons-digester", "org/apache/commons/digester", "commons-digester"),
    Row("commons-fileupload", "org/apache/commons/fileupload", "commons-fileupload"),
    Row("commons-httpclient", "org/apache/commons/httpclient", "commons-httpclient"),
    Row("commons-io", "org/apache/commons/io", "commons-io"),
    Row("commons-jxpath", "org/apache/commons/jxpath", "commons-jxpath"),
    Row("commons-lang", "org/apache/commons/lang", "commons-lang"),
    Row("commons-logging", "org/apache/commons/logging", "commons-logging commons-logging-*"),
    Row("commons-net", "org/apache/commons/net", "commons-net"),
    Row("commons-pool", "org/apache/commons/pool", "commons-pool"),
    Row("commons-validator", "org/apache/commons/validator", "commons-validator"),
    Row(
        "org.apache.commons",
        "org/apache/commons",
        "commons-collections4 commons-compress commons-configuration2 commons-csv commons-dbcp2"
        " commons-email commons-exec commons-fileupload2-* commons-imaging commons-jexl3"
        " commons-lang3 commons-math3 commons-pool2 commons-text commons-vfs2",
    ),
    Row("log4j", "org/apache/log4j", "log4j"),
    Row("org.apache.logging.log4j", "org/apache/logging/log4j", "log4j-*"),
    Row("org.apache.logging.log4j", "org/apache/log4j", "log4j-1.2-api"),
    Row("axis", "org/apache/axis", "axis"),
    Row("dom4j", "org/dom4j", "dom4j"),
    Row("org.jdom", "org/jdom", "jdom"),
    Row("org.jdom", "org/jdom2", "jdom2"),
    Row("jdom", "org/jdom", "jdom"),
    Row("junit", "org/junit", "junit junit-dep"),
    Row("ognl", "ognl", "ognl"),
    Row("antlr", "antlr", "antlr"),
    Row("xalan", "org/apache/xalan", "xalan"),
    Row("xalan", "org/apache/xml/serializer", "serializer"),
    Row("xerces", "org/apache/xerces", "xercesImpl"),
    Row("xml-apis", "org/w3c/dom", "xml-apis"),
    Row("struts", "org/apache/struts", "struts"),
    Row("velocity", "org/apache/velocity", "velocity"),
    Row("c3p0", "com/mchange/v2/c3p0", "c3p0"),
    Row("com.mchange", "com/mchange/v2/c3p0", "c3p0"),
    Row("asm", "org/objectweb/asm", "asm asm-*"),
    Row("cglib", "net/sf/cglib", "cglib cglib-nodep"),
    Row("cglib", "org/objectweb/asm", "cglib-nodep"),
    Row("oro", "org/apache/oro", "oro"),
    Row("bsh", "bsh", "bsh"),
    Row("quartz", "org/quartz", "quartz"),
    Row("hsqldb", "org/hsqldb", "hsqldb"),
    Row("org.hsqldb", "org/hsqldb", "hsqldb"),
    # Databases and their drivers
    Row("com.h2database", "org/h2", "h2 h2-mvstore"),
    Row("org.postgresql", "org/postgresql", "postgresql"),
    Row("mysql", "com/mysql", "mysql-connector-java"),
    Row("com.mysql", "com/mysql", "mysql-connector-j"),
    Row("org.mariadb.jdbc", "org/mariadb/jdbc", "mariadb-java-client"),
    Row("com.microsoft.sqlserver", "com/microsoft/sqlserver", "mssql-jdbc"),
    Row("com.oracle.database.jdbc", "oracle/jdbc", "ojdbc*"),
    Row("org.mongodb", "com/mongodb", "mongodb-driver-* mongo-java-driver"),
    Row("org.mongodb", "org/bson", "bson bson-record-codec"),
    # Libraries
    Row(
        "org.bouncycastle", "org/bouncycastle", "bcprov-* bcpkix-* bcutil-* bctls-* bcpg-* bcmail-*"
    ),
    Row("org.bouncycastle", "org/bouncycastle", "bc-fips bcjmail-*"),
    Row("org.hibernate", "org/hibernate", "hibernate-core hibernate-entitymanager hibernate-*"),
    Row("org.hibernate.orm", "org/hibernate", "hibernate-core hibernate-envers hibernate-*"),
    Row("org.hibernate.validator", "org/hibernate/validator", "hibernate-validator"),
    Row("io.projectreactor", "reactor", "reactor-core reactor-test reactor-tools"),
    Row("io.projectreactor.netty", "reactor/netty", "reactor-netty reactor-netty-*"),
    Row("io.micrometer", "io/micrometer", "micrometer-*"),
    Row("io.grpc", "io/grpc", "grpc-*"),
    Row("io.reactivex.rxjava2", "io/reactivex", "rxjava"),
    Row("io.reactivex.rxjava3", "io/reactivex/rxjava3", "rxjava"),
    Row("io.reactivex", "rx", "rxjava"),
    Row("io.micronaut", "io/micronaut", "micronaut-*"),
    Row("io.ktor", "io/ktor", "ktor-*"),
    Row("io.opentelemetry", "io/opentelemetry", "opentelemetry-*"),
    Row("com.netflix.hystrix", "com/netflix/hystrix", "hystrix-core"),
    Row("com.squareup.okhttp3", "okhttp3", "okhttp okhttp-jvm logging-interceptor mockwebserver"),
    Row("com.squareup.okhttp", "com/squareup/okhttp", "okhttp okhttp-*"),
    Row("com.squareup.okio", "okio", "okio okio-jvm"),
    Row("com.squareup.retrofit2", "retrofit2", "retrofit"),
    Row("com.github.ben-manes.caffeine", "com/github/benmanes/caffeine", "caffeine"),
    Row("com.jcraft", "com/jcraft/jsch", "jsch"),
    Row("com.graphql-java", "graphql", "graphql-java"),
    Row("com.rabbitmq", "com/rabbitmq", "amqp-client"),
    Row("com.beust", "com/beust/jcommander", "jcommander"),
    Row("com.zaxxer", "com/zaxxer/hikari", "HikariCP HikariCP-*"),
    Row("com.lowagie", "com/lowagie", "itext"),
    Row("com.typesafe.akka", "akka", "akka-*"),
    Row("com.typesafe", "com/typesafe/config", "config"),
    Row("com.typesafe.play", "play", "play_* play-*"),
    Row("org.scala-lang", "scala", "scala-library scala-reflect scala-compiler"),
    Row("org.jetbrains.kotlin", "kotlin", "kotlin-stdlib kotlin-stdlib-* kotlin-reflect"),
    Row("org.jetbrains.kotlin", "org/jetbrains/kotlin", "kotlin-compiler kotlin-compiler-*"),
    Row("org.elasticsearch", "org/elasticsearch", "elasticsearch elasticsearch-*"),
    Row("org.elasticsearch.client", "org/elasticsearch/client", "elasticsearch-rest-client"),
    Row("xpp3", "org/xmlpull/v1", "xpp3 xpp3_min"),
    Row("xmlpull", "org/xmlpull/v1", "xmlpull"),
    Row("org.opensearch", "org/opensearch", "opensearch opensearch-*"),
    Row("org.mozilla", "org/mozilla/javascript", "rhino rhino-*"),
    Row("org.javassist", "javassist", "javassist"),
    Row("org.jruby", "org/jruby", "jruby jruby-complete jruby-core"),
    Row("org.python", "org/python", "jython jython-standalone"),
    Row("org.xerial", "org/sqlite", "sqlite-jdbc"),
    Row("org.xerial.snappy", "org/xerial/snappy", "snappy-java"),
    Row("org.mockito", "org/mockito", "mockito-core mockito-*"),
    Row("org.gradle", "org/gradle", "gradle-*"),
    Row("org.grails", "grails", "grails-core"),
    Row("org.dom4j", "org/dom4j", "dom4j"),
    Row("org.owasp.esapi", "org/owasp/esapi", "esapi"),
    Row("org.java-websocket", "org/java_websocket", "Java-WebSocket"),
    Row("org.quartz-scheduler", "org/quartz", "quartz"),
    Row("org.beanshell", "bsh", "bsh"),
    Row("com.hierynomus", "net/schmizz", "sshj"),
    Row("org.ow2.asm", "org/objectweb/asm", "asm asm-*"),
    Row("net.java.dev.jna", "com/sun/jna", "jna jna-platform"),
    Row("org.json", "org/json", "json"),
    Row("com.google.gwt", "com/google/gwt", "gwt-*"),
    Row("com.google.inject", "com/google/inject", "guice"),
    Row("com.vaadin", "com/vaadin", "vaadin-* flow-*"),
    Row("net.sourceforge.jtds", "net/sourceforge/jtds", "jtds"),
)

_MAJOR_CHANGES: dict[str, tuple[tuple[int, str], ...]] = {
    "asm": ((4, "org.ow2.asm"), (0, "asm")),
    "axis": ((2, "org.apache.axis"), (0, "axis")),
    "bsh": ((2, "org.beanshell"), (0, "bsh")),
    "c3p0": ((0, "com.mchange"),),
    "dom4j": ((2, "org.dom4j"), (0, "dom4j")),
    "groovy": ((4, "org.apache.groovy"), (0, "org.codehaus.groovy")),
    "hibernate-core": ((6, "org.hibernate.orm"), (0, "org.hibernate")),
    "hibernate-validator": ((6, "org.hibernate.validator"), (0, "org.hibernate")),
    "hsqldb": ((2, "org.hsqldb"), (0, "hsqldb")),
    "jdom": ((0, "org.jdom"),),
    "quartz": ((2, "org.quartz-scheduler"), (0, "quartz")),
    "rxjava": ((3, "io.reactivex.rxjava3"), (2, "io.reactivex.rxjava2"), (0, "io.reactivex")),
    "velocity": ((1, "org.apache.velocity"), (0, "velocity")),
}
"""Artifacts whose group changed: (from this major version on, group), the latest first."""

_MAJOR_FAMILIES = {"asm-": "asm", "groovy-": "groovy", "hibernate-": "hibernate-core"}

RENAMED = {
    "annotations-api": "tomcat-annotations-api",
    "catalina": "tomcat-catalina",
    "catalina-ant": "tomcat-catalina-ant",
    "catalina-ha": "tomcat-catalina-ha",
    "catalina-jmx-remote": "tomcat-catalina-jmx-remote",
    "catalina-ssi": "tomcat-ssi",
    "catalina-storeconfig": "tomcat-storeconfig",
    "catalina-tribes": "tomcat-tribes",
    "jasper": "tomcat-jasper",
    "jasper-el": "tomcat-jasper-el",
    "jaspic-api": "tomcat-jaspic-api",
    "el-api": "tomcat-el-api",
    "jsp-api": "tomcat-jsp-api",
    "servlet-api": "tomcat-servlet-api",
    "websocket-api": "tomcat-websocket-api",
}
"""Archives of a Tomcat distribution, without version in their names, to their artifacts."""

HasFolder = Callable[[str], bool]


def _index() -> tuple[dict[str, list[Row]], list[tuple[str, Row]]]:
    exact: dict[str, list[Row]] = {}
    prefixes: list[tuple[str, Row]] = []
    for row in _ROWS:
        for artifact in row.artifacts.split():
            if artifact.endswith("*"):
                prefixes.append((artifact[:-1], row))
            else:
                exact.setdefault(artifact, []).append(row)
    return exact, sorted(prefixes, key=lambda pair: -len(pair[0]))


_EXACT, _PREFIXES = _index()


def known_group(artifact: str, version: str, has_folder: HasFolder) -> str | None:
    """The group of a well-known artifact whose classes are there; None where it is not known."""
    rows = list(_EXACT.get(artifact, ()))
    rows.extend(row for prefix, row in _PREFIXES if artifact.startswith(prefix))
    groups = list(dict.fromkeys(row.group for row in rows if has_folder(row.folder)))
    if len(groups) > 1:
        named = _by_major(artifact, version)
        if named in groups:
            return named
    return groups[0] if groups else None


def _by_major(artifact: str, version: str) -> str | None:
    family = next(
        (each for start, each in _MAJOR_FAMILIES.items() if artifact.startswith(start)), ""
    )
    changes = _MAJOR_CHANGES.get(artifact) or _MAJOR_CHANGES.get(family, ())
    found = re.match(r"[0-9]+", version)
    major = int(found[0][:9]) if found else 0
    return next((group for since, group in changes if major >= since), None)
